<?php // Waits for a line of a FIFO that another process holds open.
$pipe = fopen($_GET['file'], 'r');
fgets($pipe);
echo 'read';
