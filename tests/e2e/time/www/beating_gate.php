<?php // Waits at a gate, and asks for more time for as long as it does.
$started = fopen($_GET['gate'] . '/started', 'r+');
fwrite($started, getmypid() . "\n");
$go = fopen($_GET['gate'] . '/go', 'r+');
do {
    tokio_request_heartbeat(2);
    $ready = [$go];
    $none = null;
} while (stream_select($ready, $none, $none, 0, 100_000) === 0);
echo 'released';
