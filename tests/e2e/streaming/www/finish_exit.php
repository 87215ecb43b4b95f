<?php // Ends in its own way after the answer; shutdown functions run then.
register_shutdown_function(fn () => error_log('ended by ' . $_GET['by']));
echo 'the answer';
tokio_finish_request();
match ($_GET['by']) {
    'exit' => exit('dropped'),
    'exception' => throw new Exception('after the answer'),
    'fatal' => missing_function(),
    'memory' => str_repeat('x', 1 << 40),
};
