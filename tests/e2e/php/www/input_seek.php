<?php // php://input knows its bytes before any was read.
$stream = fopen('php://input', 'r');
fseek($stream, 7);
$first = fread($stream, 1);
fseek($stream, 2);
$second = fread($stream, 1);
fseek($stream, 0, SEEK_END);
echo json_encode([$first, $second, ftell($stream)]);
