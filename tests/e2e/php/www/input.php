<?php // Length and digest of the body.
$body = file_get_contents('php://input');
echo json_encode(['length' => strlen($body), 'sha1' => sha1($body), 'post' => count($_POST)]);
