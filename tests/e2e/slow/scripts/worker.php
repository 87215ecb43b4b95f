<?php
function handle(): void
{
    if (isset($_GET['end'])) {
        while (!file_exists($_GET['end'])) {
            usleep(1000);
            clearstatcache();
        }
    }
    echo 'done';
}
while (frankenphp_handle_request('handle')) {
}
