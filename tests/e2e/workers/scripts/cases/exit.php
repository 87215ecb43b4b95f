<?php
// Ends the whole script.
final class Farewell
{
    public function __destruct()
    {
        echo ' destructor';
    }
}
return function () {
    ob_start(fn($text) => strtoupper($text));
    register_shutdown_function(function () {
        echo ' shutdown';
    });
    $GLOBALS['kept']['farewell'] = new Farewell();
    http_response_code((int) ($_GET['status'] ?? 200));
    echo 'page';
    exit(isset($_GET['text']) ? ' text' : (int) ($_GET['code'] ?? 0));
};
