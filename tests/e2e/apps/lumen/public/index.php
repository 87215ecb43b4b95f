<?php // Lumen 8 from Debian's php-laravel-lumen-framework, classic and as a worker script. Needs a writable storage/logs.
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', '0'); // the framework sets error_reporting(-1), and PHP 8.4 then reports deprecations
set_include_path('/usr/share/php');
require_once 'Laravel/Lumen/autoload.php';

function who(Illuminate\Http\Request $request): Illuminate\Http\JsonResponse
{
    session_start();
    if ($request->query('login')) {
        $_SESSION['who'] = $request->query('login');
    }
    if ($request->query('print')) {
        ob_start();
        echo "printed for {$request->query('print')}\n";
    }
    return new Illuminate\Http\JsonResponse([
        'query' => $request->query('who'), 'field' => $request->isMethod('GET') ? null : $request->post('who'),
        'cookie' => $request->cookie('who'), 'header' => $request->header('X-Who'), 'user' => $request->getUser(),
        'file' => $request->file('file')?->get(), 'session' => $_SESSION['who'] ?? null,
    ], 200, $request->header('X-Who') ? ['X-Answered' => $request->header('X-Who')] : []);
}

function visits(): array
{
    session_start();
    return ['n' => $_SESSION['n'] = 1 + ($_SESSION['n'] ?? 0)];
}

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

// A worker script serves one request after the other; otherwise the file is run for each.
if ($_SERVER['FRANKENPHP_WORKER'] ?? false) {
    while (frankenphp_handle_request($serve)) {
        gc_collect_cycles();
    }
} else {
    $serve();
}
