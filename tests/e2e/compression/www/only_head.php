<?php // A script that makes no body for HEAD and says how long GET's is.
$text = str_repeat('text ', 1000);
header('Content-Type: text/plain');
header('Content-Length: ' . strlen($text));
if ($_SERVER['REQUEST_METHOD'] !== 'HEAD') {
    echo $text;
}
