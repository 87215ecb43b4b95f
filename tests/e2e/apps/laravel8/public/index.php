<?php // Laravel 8 from Debian's php-laravel-framework: kernel, container, sessions, Blade, query builder on SQLite;
// classic and as a worker script.
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', '0'); // the framework sets error_reporting(-1), and PHP 8.4 then reports deprecations
require __DIR__ . '/../shared/serve.inc';
set_include_path('/usr/share/php');
require_once 'Illuminate/autoload.php';
require_once 'Psr/Log/autoload.php';

use Illuminate\Cookie\Middleware\{AddQueuedCookiesToResponse, EncryptCookies};
use Illuminate\Http\Request;
use Illuminate\Session\Middleware\StartSession;

$app = new Illuminate\Foundation\Application(dirname(__DIR__));
$app->singleton(Illuminate\Contracts\Http\Kernel::class, Illuminate\Foundation\Http\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);
$kernel = $app->make(Illuminate\Contracts\Http\Kernel::class);
$kernel->bootstrap();

$router = $app['router'];
$warm_up = isset($enlarge) ? $enlarge($app, $router) : fn () => null; // large.php
$router->get('/api/ping', fn () => ['pong' => true, 'laravel' => app()->version()]);
$router->get('/hello/{name}', fn ($name) => "Hello $name");
$router->post('/echo', fn (Request $request) => ['post' => $request->post(), 'len' => strlen($request->getContent())]);
$router->post('/upload', fn (Request $request) => [
    'size' => $request->file('file')->getSize(), 'sha1' => sha1_file($request->file('file')->getRealPath()),
]);
$router->get('/notes', fn () => view('notes', ['notes' => app('db')->table('notes')->orderBy('id')->get()]));
$router->post('/notes', function (Request $request) {
    app('db')->statement('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, body TEXT)');
    app('db')->table('notes')->insert(array_map(fn ($body) => ['body' => $body], $request->post('notes')));
    return redirect('/notes');
});
$router->get('/session', fn (Request $request) => ['n' => $request->session()->increment('n')])
    ->middleware([EncryptCookies::class, AddQueuedCookiesToResponse::class, StartSession::class]);
$router->get('/fail', fn () => throw new RuntimeException('on purpose'));

$router->match(['GET', 'POST'], '/whoami', function (Request $request) {
    if ($request->query('login')) {
        $request->session()->put('who', $request->query('login'));
    }
    if ($request->query('print')) {
        ob_start();
        echo "printed for {$request->query('print')}\n";
    }
    return response()->json([
        'query' => $request->query('who'), 'field' => $request->isMethod('GET') ? null : $request->post('who'),
        'cookie' => $request->cookie('who'), 'header' => $request->header('X-Who'), 'user' => $request->getUser(),
        'file' => $request->file('file')?->get(), 'session' => $request->session()->get('who'),
    ])->withHeaders($request->header('X-Who') ? ['X-Answered' => $request->header('X-Who')] : []);
})->middleware(StartSession::class);

$serve = function () use ($app, $kernel) {
    // What Octane does, too: Laravel's session store keeps what it holds until another one is made.
    foreach (['session', 'session.store', StartSession::class, 'cookie'] as $name) {
        $app->forgetInstance($name);
    }
    $response = $kernel->handle($request = Request::capture());
    $response->send();
    $kernel->terminate($request, $response);
};

if ($_SERVER['FRANKENPHP_WORKER'] ?? false) {
    $warm_up();
}
serve($serve);
