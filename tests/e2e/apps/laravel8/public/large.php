<?php // index.php with the boot of a larger application, for ./dev bench --worker: the framework's other providers, 30
// resource controllers (210 routes, not cached), 300 services and 100 listeners. /api/ping is the route after all of them.
$enlarge = function ($app, $router): Closure {
    foreach (['Auth\AuthServiceProvider', 'Broadcasting\BroadcastServiceProvider', 'Hashing\HashServiceProvider',
        'Mail\MailServiceProvider', 'Notifications\NotificationServiceProvider', 'Pagination\PaginationServiceProvider',
        'Pipeline\PipelineServiceProvider', 'Queue\QueueServiceProvider', 'Redis\RedisServiceProvider'] as $provider) {
        $app->register("Illuminate\\$provider");
    }
    for ($i = 0; $i < 300; $i++) {
        $app->singleton("App\\Services\\Service$i", fn ($app) => new ArrayObject([$app, $i]));
        $app->alias("App\\Services\\Service$i", "service.$i");
    }
    for ($i = 0; $i < 100; $i++) {
        $app['events']->listen("App\\Events\\Event$i", "App\\Listeners\\Listener$i@handle");
    }
    for ($i = 0; $i < 30; $i++) {
        $router->resource("things$i", "App\\Http\\Controllers\\Thing{$i}Controller");
    }
    // A worker script does before its first request what can be done then, as Octane does: services are made, and
    // routes compiled by looking for one that does not exist.
    return function () use ($app, $router): void {
        $app->instance('request', $nothing = Illuminate\Http\Request::create('/no/such/route'));
        foreach (['cache', 'config', 'cookie', 'db', 'encrypter', 'hash', 'log', 'session', 'translator', 'url', 'validator', 'view'] as $name) {
            $app->make($name);
        }
        try {
            $router->getRoutes()->match($nothing);
        } catch (Symfony\Component\HttpKernel\Exception\NotFoundHttpException) {
        }
    };
};
require __DIR__ . '/index.php';
