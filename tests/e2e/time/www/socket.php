<?php // Waits for ever for bytes that do not come; PHP repeats this read after a signal.
$socket = fsockopen('127.0.0.1', (int) $_GET['port']);
stream_set_timeout($socket, 600);
fread($socket, 1);
echo 'read';
