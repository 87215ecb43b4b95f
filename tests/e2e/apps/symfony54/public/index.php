<?php // Symfony 5.4 from Debian's php-symfony-framework-bundle, in one file, classic and as a worker script. Cache and
// logs go to ../var.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
require __DIR__ . '/../shared/serve.inc';
set_include_path('/usr/share/php');
require_once 'Symfony/Bundle/FrameworkBundle/autoload.php';

use Symfony\Bundle\FrameworkBundle\FrameworkBundle;
use Symfony\Bundle\FrameworkBundle\Kernel\MicroKernelTrait;
use Symfony\Component\HttpFoundation\{JsonResponse, Request, Response};

class Kernel extends Symfony\Component\HttpKernel\Kernel
{
    use MicroKernelTrait;

    private const ROUTES = [
        'ping' => '/api/ping', 'hello' => '/hello/{name}', 'session' => '/session', 'body' => '/echo', 'upload' => '/upload',
        'fail' => '/fail', 'whoami' => '/whoami',
    ];

    public function registerBundles(): iterable
    {
        return [new FrameworkBundle()];
    }

    protected function configureContainer($container): void
    {
        $container->extension('framework', [
            'secret' => 'x', 'http_method_override' => false, 'router' => ['utf8' => true], 'php_errors' => ['log' => true],
            'profiler' => ['enabled' => $this->debug],
            'session' => ['storage_factory_id' => 'session.storage.factory.native', 'handler_id' => null],
        ]);
    }

    protected function configureRoutes($routes): void
    {
        foreach (self::ROUTES as $method => $path) {
            $routes->add($method, $path)->controller([$this, $method]);
        }
    }

    public function ping(): Response
    {
        return new JsonResponse(['pong' => true, 'symfony' => self::VERSION]);
    }

    public function hello(string $name): Response
    {
        return new Response("Hello $name");
    }

    public function session(Request $request): Response
    {
        $visits = 1 + $request->getSession()->get('n', 0);
        $request->getSession()->set('n', $visits);
        return new JsonResponse(['n' => $visits]);
    }

    public function body(Request $request): Response
    {
        return new JsonResponse(['post' => $request->request->all(), 'len' => strlen($request->getContent())]);
    }

    public function upload(Request $request): Response
    {
        $file = $request->files->get('file');
        return new JsonResponse(['size' => $file->getSize(), 'sha1' => sha1_file($file->getPathname())]);
    }

    public function fail(): Response
    {
        throw new RuntimeException('on purpose');
    }

    public function whoami(Request $request): Response
    {
        $session = $request->getSession();
        if ($request->query->has('login')) {
            $session->set('who', $request->query->get('login'));
        }
        if ($request->query->has('print')) {
            ob_start();
            echo "printed for {$request->query->get('print')}\n";
        }
        return new JsonResponse([
            'query' => $request->query->get('who'), 'field' => $request->request->get('who'),
            'cookie' => $request->cookies->get('who'), 'header' => $request->headers->get('X-Who'),
            'user' => $request->getUser(), 'file' => $request->files->get('file')?->getContent(),
            'session' => $session->get('who'),
        ], 200, $request->headers->has('X-Who') ? ['X-Answered' => $request->headers->get('X-Who')] : []);
    }

    public function getProjectDir(): string
    {
        return dirname(__DIR__);
    }

    public function getCacheDir(): string
    {
        return dirname(__DIR__) . '/var/cache/' . $this->environment;
    }

    public function getLogDir(): string
    {
        return dirname(__DIR__) . '/var';
    }
}

$debug = (bool) ($_SERVER['APP_DEBUG'] ?? false);
if ($debug) {
    Symfony\Component\ErrorHandler\Debug::enable();
    error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
}
$kernel = new Kernel($_SERVER['APP_ENV'] ?? 'prod', $debug);
$serve = function () use ($kernel) {
    $response = $kernel->handle($request = Request::createFromGlobals());
    $response->send();
    $kernel->terminate($request, $response);
};

serve($serve);
