<?php // Sends a first piece, announces its pid, then waits to be let go.
if (isset($_GET['stream'])) {
    header('Content-Type: text/event-stream');
    echo "first\n";
    ob_end_flush();
    flush();
}
$started = fopen($_GET['gate'] . '/started', 'r+');
fwrite($started, getmypid() . "\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
echo 'released';
