<?php // Sends the header lines given as ?line[]=..., in order, then a body.
foreach ($_GET['line'] as $line) {
    header($line, !isset($_GET['keep']));
}
echo $_GET['body'] ?? 'body';
