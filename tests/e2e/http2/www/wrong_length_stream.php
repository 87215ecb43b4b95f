<?php // Promises more than it sends, then less.
header('Content-Length: ' . $_GET['length']);
while (ob_get_level()) {
    ob_end_flush();
}
echo '12345';
flush();
echo '67890';
