<?php
function tidy(): void
{
    sleep(1);
}
register_shutdown_function('tidy');
echo 'done';
