<?php
class Slow
{
    public function __destruct()
    {
        usleep(10000);
    }
}
$slow = new Slow();
register_shutdown_function(fn () => usleep(10000));
usleep(30000);
echo 'done';
