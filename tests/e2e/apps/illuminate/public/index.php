<?php // Laravel 8's router without its foundation, from php-illuminate-routing and php-illuminate-events; classic
// and as a worker script.
error_reporting(E_ALL & ~E_DEPRECATED);
require __DIR__ . '/../shared/serve.inc';
require __DIR__ . '/../shared/illuminate.inc';
set_include_path('/usr/share/php');
require_once 'Illuminate/Events/autoload.php';
require_once 'Illuminate/Routing/autoload.php';

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

serve($serve);
