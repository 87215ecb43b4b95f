<?php // What a reload can change, as a script sees it.
echo json_encode([
    'root' => $_SERVER['DOCUMENT_ROOT'],
    'ini' => array_map('ini_get', ['highlight.string' => 'highlight.string', 'highlight.comment' => 'highlight.comment']),
    'environment' => getenv('APP_STAGE'),
    'server' => $_SERVER['APP_STAGE'] ?? null,
    'workers' => tokio_server_info()['workers'],
]);
