<?php // Writes down each request that PHP was run for, as PHP saw it.
$seen = [
    $_SERVER['REQUEST_METHOD'],
    $_SERVER['REQUEST_URI'],
    $_SERVER['HTTP_HOST'] ?? '',
    base64_encode(file_get_contents('php://input')),
];
file_put_contents(getenv('RECORD'), json_encode($seen, JSON_UNESCAPED_SLASHES) . "\n", FILE_APPEND);
echo 'ran';
