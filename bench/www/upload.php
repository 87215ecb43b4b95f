<?php
// Reads the request's body and says how long it was.
$body = fopen('php://input', 'rb');
$size = 0;
while (($piece = fread($body, 65536)) !== false && $piece !== '') {
    $size += strlen($piece);
}
echo $size;
