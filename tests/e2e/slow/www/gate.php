<?php // Announces its pid, then waits to be let go.
$started = fopen($_GET['gate'] . '/started', 'r+');
fwrite($started, getmypid() . "\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
echo 'released';
