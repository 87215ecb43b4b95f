<?php
// Names a file in the way the query asks for, with the fields it asks for.
foreach ($_GET['h'] ?? [] as $line) {
    header($line, false);
}
http_response_code((int) ($_GET['status'] ?? 200));
header($_GET['by'] . ': ' . $_GET['file']);
echo 'printed by the script';
if (isset($_GET['flush'])) {
    flush();
    echo str_repeat('more ', 100000);
}
