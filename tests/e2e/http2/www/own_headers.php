<?php // Tries to set what is the server's to set.
header('Server: mine');
header('Date: Thu, 01 Jan 1970 00:00:00 GMT');
header('X-Request-ID: mine');
header('traceparent: 00-11111111111111111111111111111111-1111111111111111-01');
echo 'body';
