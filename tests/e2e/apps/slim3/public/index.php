<?php // Slim 3 from Debian's php-slim, classic and as a worker script.
error_reporting(E_ALL & ~E_DEPRECATED);
require __DIR__ . '/../shared/serve.inc';
set_include_path('/usr/share/php');
require_once 'Slim/autoload.php';

function app(): Slim\App
{
    $app = new Slim\App(['settings' => ['displayErrorDetails' => true]]);
    $app->get('/api/ping', fn ($request, $response) => $response->withJson(['pong' => true, 'slim' => Slim\App::VERSION]));
    $app->get('/hello/{name}', fn ($request, $response, $arguments) => $response->write("Hello {$arguments['name']}"));
    $app->post('/echo', fn ($request, $response) => $response->withJson([
        'post' => $request->getParsedBody(), 'len' => $request->getBody()->getSize(),
    ]));
    $app->post('/upload', function ($request, $response) {
        $file = $request->getUploadedFiles()['file'];
        return $response->withJson(['size' => $file->getSize(), 'sha1' => sha1_file($file->file)]);
    });
    $app->get('/session', function ($request, $response) {
        session_start();
        return $response->withJson(['n' => $_SESSION['n'] = 1 + ($_SESSION['n'] ?? 0)]);
    });
    $app->map(['GET', 'POST'], '/whoami', function ($request, $response) {
        session_start();
        $query = $request->getQueryParams();
        if (isset($query['login'])) {
            $_SESSION['who'] = $query['login'];
        }
        if (isset($query['print'])) {
            ob_start();
            echo "printed for {$query['print']}\n";
        }
        $file = $request->getUploadedFiles()['file'] ?? null;
        $header = $request->getHeaderLine('X-Who') ?: null;
        return ($header === null ? $response : $response->withHeader('X-Answered', $header))->withJson([
            'query' => $query['who'] ?? null, 'field' => $request->getParsedBodyParam('who'),
            'cookie' => $request->getCookieParam('who'), 'header' => $header,
            'user' => $request->getServerParam('PHP_AUTH_USER'), 'file' => $file ? file_get_contents($file->file) : null,
            'session' => $_SESSION['who'] ?? null,
        ]);
    });
    return $app;
}

// Slim 3 keeps request and response in its container, so each request gets an application of its own.
$serve = fn () => app()->run();

serve($serve);
