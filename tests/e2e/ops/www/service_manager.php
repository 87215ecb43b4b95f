<?php // What PHP sees of the service manager, if anything.
header('Content-Type: application/json');
$names = ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC', 'LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'];
echo json_encode(array_values(array_filter($names, fn ($name) => getenv($name) !== false || isset($_SERVER[$name]))));
