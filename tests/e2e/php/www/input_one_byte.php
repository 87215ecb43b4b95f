<?php // Reads one byte of the body and leaves the rest.
$stream = fopen('php://input', 'r');
echo fread($stream, 1);
