<?php // Slim 3 from Debian's php-slim. Routes: /api/ping, /hello/{name}, POST /echo, POST /upload.
error_reporting(E_ALL & ~E_DEPRECATED);
set_include_path('/usr/share/php');
require_once 'Slim/autoload.php';

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
$app->run();
