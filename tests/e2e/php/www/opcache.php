<?php
$status = opcache_get_status(false);
echo json_encode(['enabled' => $status['opcache_enabled'] ?? false, 'jit' => $status['jit']['on'] ?? false]);
