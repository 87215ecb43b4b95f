<?php // What this worker sees of OPcache, and of this script in it.
$status = opcache_get_status(true);
echo json_encode([
    'worker' => tokio_worker_id(),
    'hits' => $status['scripts'][__FILE__]['hits'] ?? null,
    'compiled' => $status['scripts'][__FILE__]['timestamp'] ?? null,
    'memory' => $status['memory_usage'],
    'strings' => $status['interned_strings_usage'],
    'scripts' => $status['opcache_statistics']['num_cached_scripts'],
    'misses' => $status['opcache_statistics']['misses'],
    'jit' => $status['jit'],
]);
