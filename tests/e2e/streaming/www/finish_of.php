<?php // Finishes an answer of some kind, and waits at the gate.
require 'wait.inc';
match ($_GET['kind']) {
    'empty' => null,
    'status' => http_response_code(204),
    'large' => print str_repeat('0123456789abcdef', (int) $_GET['size'] / 16),
    'flushed' => [print str_repeat('0123456789abcdef', (int) $_GET['size'] / 16), ob_flush(), flush()],
    'buffers' => [ob_start(fn ($text) => strtoupper($text)), print 'inner ', ob_start(), print 'innermost'],
    'file' => [header('X-Accel-Redirect: /page.html'), print 'instead'],
    'error' => http_response_code(404),
};
fastcgi_finish_request();
wait_at_gate($_GET['gate']);
