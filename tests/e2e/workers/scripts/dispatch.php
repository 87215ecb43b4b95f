<?php
// Serves /NAME by cases/NAME.php, which returns a function: in a loop as a worker script, else once.
$boot = ['server' => $_SERVER, 'env' => $_ENV, 'get' => $_GET, 'getenv' => getenv('FRANKENPHP_WORKER')];
$kept = [];
spl_autoload_register(static function (string $class): void {});
final class Persistent
{
    public int $calls = 0;
}
$persistent = new Persistent();
$handle = static function (): void {
    static $cases = [];
    $name = explode('/', parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH))[1];
    ($cases[$name] ??= require __DIR__ . "/cases/$name.php")();
};
if (!isset($_SERVER['FRANKENPHP_WORKER'])) {
    $handle();
    return;
}
while (frankenphp_handle_request($handle)) {
    continue;
}
