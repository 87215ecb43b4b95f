<?php // Notes that it ran for this request, and takes its time.
file_put_contents($_GET['note'], $_SERVER['TOKIO_REQUEST_ID'] . "\n", FILE_APPEND | LOCK_EX);
usleep(5000);
echo 'served ', $_SERVER['TOKIO_REQUEST_ID'];
