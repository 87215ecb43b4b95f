<?php
// Buffers and callbacks that nobody ends.
return function () {
    ob_start(fn($text) => strtoupper($text));
    ob_start();
    echo 'left open ', ob_get_level();
    register_shutdown_function(fn() => print('never in a page'));
};
