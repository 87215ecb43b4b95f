<?php // Uses what preload.php has loaded; includes nothing.
echo json_encode([
    'class' => class_exists('PreloadedGreeter', false) ? (new PreloadedGreeter())->greet('Ada') : null,
    'sum' => function_exists('preloaded_sum') ? preloaded_sum(1, 2, 3) : null,
    'included' => array_map(basename(...), get_included_files()),
    'listed' => opcache_get_status(false)['preload_statistics']['classes'] ?? [],
    'worker' => tokio_worker_id(),
]);
