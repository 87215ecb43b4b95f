<?php // Calls the server as Symfony's runtime does.

if ((require_once __DIR__ . '/../src/framework.inc') === true || empty($_SERVER['SCRIPT_FILENAME'])) {
    return;
}

$application = require $_SERVER['SCRIPT_FILENAME'];
$kernel = $application($_SERVER);
if (!($_SERVER['FRANKENPHP_WORKER'] ?? false)) {
    throw new LogicException('this stand-in is a worker');
}
exit((new WorkerRunner($kernel, (int) ($_SERVER['FRANKENPHP_LOOP_MAX'] ?? 500)))->run());
