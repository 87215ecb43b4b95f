<?php // A stream that ends at once: by flush(), or by its type.
if (isset($_GET['events'])) header('Content-Type: text/event-stream');
if (isset($_GET['length'])) header('Content-Length: 5');
echo 'a';
ob_flush();
flush();
echo ' b c';
