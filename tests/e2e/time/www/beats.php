<?php // Goes on for a while, asking for more time as it goes; at the end for as long without asking.
$until = hrtime(true) + $_GET['seconds'] * 1e9;
while (hrtime(true) < $until) {
    tokio_request_heartbeat((int) $_GET['beat']);
    usleep(100_000);
}
while ($_GET['then'] ?? false) {
    usleep(100_000);
}
echo 'beaten';
