<?php // Asks for less time than it has.
tokio_request_heartbeat(1);
$until = hrtime(true) + $_GET['seconds'] * 1e9;
while (hrtime(true) < $until) {
    usleep(50_000);
}
echo 'whole';
