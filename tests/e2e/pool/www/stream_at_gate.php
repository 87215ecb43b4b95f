<?php // Begins a stream, announces its pid, then waits to be let go.
while (ob_get_level()) {
    ob_end_flush();
}
echo 'begun';
flush();
fwrite(fopen($_GET['gate'] . '/started', 'r+'), getmypid() . "\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
echo 'whole';
