<?php // Which scripts OPcache holds, and how often it had them at hand.
$status = opcache_get_status(true);
echo json_encode([
    'scripts' => array_keys($status['scripts'] ?? []),
    'hits' => $status['opcache_statistics']['hits'],
    'misses' => $status['opcache_statistics']['misses'],
]);
