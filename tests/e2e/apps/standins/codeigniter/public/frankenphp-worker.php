<?php // Calls the server as CodeIgniter 4.7's worker script does.

define('FCPATH', __DIR__ . DIRECTORY_SEPARATOR);
if (getcwd() . DIRECTORY_SEPARATOR !== FCPATH) {
    chdir(FCPATH);
}
require FCPATH . '../../site.inc';
require FCPATH . '../framework.inc';

$framework = Framework::boot();
ignore_user_abort(true);

$handler = static function () use ($framework) {
    $framework->take(SiteRequest::current());
    try {
        $framework->run();
    } catch (Throwable $error) {
        $framework->fail($error);
    }
    gc_collect_cycles();
};

while (frankenphp_handle_request($handler)) {
    $framework->close_session();
}
