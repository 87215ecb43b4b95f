<?php // Starts a child that outlasts everything, tells both pids, and waits.
$child = proc_open(['sleep', '1000'], [], $pipes);
$started = fopen($_GET['gate'] . '/started', 'r+');
fwrite($started, getmypid() . ' ' . proc_get_status($child)['pid'] . "\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
