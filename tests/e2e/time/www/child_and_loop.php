<?php // Starts a child that outlasts everything, tells its pid, and never ends.
$child = proc_open(['sleep', '1000'], [], $pipes);
$started = fopen($_GET['gate'] . '/started', 'r+');
fwrite($started, proc_get_status($child)['pid'] . "\n");
while (true) {
}
