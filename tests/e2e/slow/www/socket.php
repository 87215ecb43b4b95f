<?php
// Waits for a line of a server, as clients of databases do.
function ask(int $port): string
{
    $socket = fsockopen('127.0.0.1', $port);
    return fgets($socket);
}
echo ask((int) $_GET['port']);
