<?php // Waits for a child; tells its pid.
$child = proc_open(['sleep', '1000'], [], $pipes);
file_put_contents($_GET['file'], proc_get_status($child)['pid']);
proc_close($child);
echo 'closed';
