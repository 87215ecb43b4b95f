<?php // Works for a moment, then gives back what it was asked.
$until = microtime(true) + 0.002;
do {
    $sum = crc32(random_bytes(64));
} while (microtime(true) < $until);
header('X-Nonce: ' . $_GET['n']);
echo $_GET['n'], ' ', $_SERVER['TOKIO_REQUEST_ID'];
