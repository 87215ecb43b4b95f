<?php
register_shutdown_function(function () {
    header('X-Shutdown: ran');
    echo 'last words: ', error_get_last()['type'];
});
function_that_does_not_exist();
