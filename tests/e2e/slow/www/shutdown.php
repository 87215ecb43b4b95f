<?php
function tidy(): void
{
    sleep(2);
}
register_shutdown_function('tidy');
echo 'done';
