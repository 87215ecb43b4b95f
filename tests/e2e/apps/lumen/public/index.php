<?php // Lumen 8 from Debian's php-laravel-lumen-framework, classic and as a worker script. Needs a writable storage/logs.
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', '0'); // the framework sets error_reporting(-1), and PHP 8.4 then reports deprecations
require __DIR__ . '/../shared/serve.inc';
require __DIR__ . '/../shared/illuminate.inc';
set_include_path('/usr/share/php');
require_once 'Laravel/Lumen/autoload.php';

$app = new Laravel\Lumen\Application(dirname(__DIR__));
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Laravel\Lumen\Exceptions\Handler::class);
$app->router->get('/api/ping', fn () => ['pong' => true, 'lumen' => app()->version()]);
$app->router->get('/hello/{name}', fn ($name) => "Hello $name");
$app->router->post('/echo', fn (Illuminate\Http\Request $request) => [
    'post' => $request->post(), 'len' => strlen($request->getContent()),
]);
$app->router->post('/upload', fn (Illuminate\Http\Request $request) => [
    'size' => $request->file('file')->getSize(), 'sha1' => sha1_file($request->file('file')->getRealPath()),
]);
$app->router->get('/session', fn () => visits());
$app->router->addRoute(['GET', 'POST'], '/whoami', fn (Illuminate\Http\Request $request) => who($request));

$serve = fn () => $app->run(Laravel\Lumen\Http\Request::capture());

serve($serve);
