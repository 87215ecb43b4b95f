<?php
// A worker script that opened streams before its loop, and reads from them in it.
$words = fopen(__DIR__ . '/words.txt', 'r');
$input = fopen('php://input', 'r');
while (frankenphp_handle_request(function () use ($words, $input) {
    echo fread($words, 5);
    fread($input, 10);
    fseek($input, 0);
})) {
    continue;
}
