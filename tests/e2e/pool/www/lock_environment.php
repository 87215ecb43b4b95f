<?php // Changes what belongs to the process, then waits.
umask(0077);
putenv('ONLY_MINE=1');
setlocale(LC_ALL, 'C.UTF-8');
chdir('/');
$started = fopen($_GET['gate'] . '/started', 'r+');
fwrite($started, getmypid() . "\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
echo 'released';
