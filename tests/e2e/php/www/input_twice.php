<?php // php://input can be read again, and sought.
$first = file_get_contents('php://input');
$second = file_get_contents('php://input');
$stream = fopen('php://input', 'r');
fseek($stream, 3);
echo json_encode([$first === $second, fread($stream, 4)]);
