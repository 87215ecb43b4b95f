<?php // Laravel 8's router without its foundation, from php-illuminate-routing and php-illuminate-events; classic
// and as a worker script.
error_reporting(E_ALL & ~E_DEPRECATED);
set_include_path('/usr/share/php');
require_once 'Illuminate/Events/autoload.php';
require_once 'Illuminate/Routing/autoload.php';

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

$container = new Illuminate\Container\Container();
$router = new Illuminate\Routing\Router(new Illuminate\Events\Dispatcher($container), $container);
$router->get('/api/ping', fn () => ['pong' => true, 'php' => PHP_VERSION]);
$router->get('/hello/{name}', fn ($name) => "Hello $name");
$router->post('/echo', fn () => [
    'post' => $container['request']->post(), 'len' => strlen($container['request']->getContent()),
]);
$router->post('/upload', function () use ($container) {
    $file = $container['request']->file('file');
    return ['size' => $file->getSize(), 'sha1' => sha1_file($file->getRealPath())];
});
$router->get('/session', visits(...));
$router->match(['GET', 'POST'], '/whoami', fn () => who($container['request']));

$serve = function () use ($container, $router) {
    $container->instance('request', $request = Illuminate\Http\Request::capture());
    try {
        $router->dispatch($request)->send();
    } catch (Symfony\Component\HttpKernel\Exception\HttpException $error) {
        (new Illuminate\Http\Response($error->getMessage() ?: 'error', $error->getStatusCode()))->send();
    }
};

// A worker script serves one request after the other; otherwise the file is run for each.
if ($_SERVER['FRANKENPHP_WORKER'] ?? false) {
    while (frankenphp_handle_request($serve)) {
        gc_collect_cycles();
    }
} else {
    $serve();
}
