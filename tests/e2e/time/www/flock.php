<?php // Waits for a lock that another process holds.
$file = fopen($_GET['file'], 'r');
flock($file, LOCK_EX);
echo 'locked';
