<?php // Length and checksum of the body.
$body = fopen('php://input', 'r');
$hash = hash_init('sha256');
echo json_encode(['length' => hash_update_stream($hash, $body), 'sha256' => hash_final($hash)]);
