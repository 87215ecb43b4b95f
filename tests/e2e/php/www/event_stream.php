<?php // An event stream needs no flush().
header('Content-Type: text/event-stream');
while (ob_get_level()) {
    ob_end_flush();
}
echo "data: first\n\n";
$gate = fopen($_GET['gate'] . '/started', 'r+');
fwrite($gate, "waiting\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
echo "data: second\n\n";
