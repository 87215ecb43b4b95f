<?php // Flushes a piece, waits at the gate, flushes another, ends with a third.
header('Content-Type: ' . ($_GET['type'] ?? 'text/html'));
while (ob_get_level()) {
    ob_end_flush();
}
echo "first\n";
flush();
$gate = fopen($_GET['gate'] . '/started', 'r+');
fwrite($gate, "waiting\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
echo "second\n";
flush();
echo "third\n";
