<?php // opcache.preload: what is here is there in every request.
require __DIR__ . '/library.php';
if (getenv('PRELOAD_REPORT')) {
    file_put_contents(getenv('PRELOAD_REPORT'), posix_geteuid());
}
