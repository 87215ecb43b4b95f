<?php // Calls the server as Laravel Octane's worker script does.

if (!($_SERVER['FRANKENPHP_WORKER'] ?? false) || !function_exists('frankenphp_handle_request')) {
    echo 'this script is a worker';
    exit(1);
}

ignore_user_abort(true);
ini_set('display_errors', 'stderr');
$_ENV['APP_RUNNING_IN_CONSOLE'] = false;
$base = $_SERVER['APP_BASE_PATH'] ?? null;
if (!is_string($base)) {
    exit(11);
}
require_once "$base/../site.inc";
require_once "$base/framework.inc";

$application = null;
$served = 0;
$limit = $_ENV['MAX_REQUESTS'] ?? $_SERVER['MAX_REQUESTS'] ?? 1000;
$seconds = $_ENV['REQUEST_MAX_EXECUTION_TIME'] ?? $_SERVER['REQUEST_MAX_EXECUTION_TIME'] ?? null;
if ($seconds !== null) {
    set_time_limit((int) $seconds);
}

$handle = static function () use (&$application) {
    try {
        // The application boots inside the first request.
        $application ??= new Application($_SERVER['SESSIONS']);
        $request = SiteRequest::current();
        if (str_starts_with($request->server['REQUEST_URI'], '/dd')) {
            dd($request->query);
        }
        $sandbox = clone $application;
        ob_start();
        $answer = $sandbox->handle($request);
        $printed = ob_get_contents();
        while (ob_get_level() > 0) {
            ob_end_clean();
        }
        $answer->body = $printed . $answer->body;
        send($answer);
        foreach ($sandbox->terminating as $callback) {
            $callback();
        }
    } catch (Throwable $error) {
        while (ob_get_level() > 0) {
            ob_end_clean();
        }
        send(new SiteAnswer('Internal Server Error', 500, ['Content-Type' => 'text/plain']));
        error_log($error->getMessage());
    }
};

try {
    while ($served < $limit && frankenphp_handle_request($handle)) {
        $served++;
    }
} finally {
    error_log("worker ends after $served requests");
    gc_collect_cycles();
}
