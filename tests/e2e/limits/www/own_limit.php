<?php
// As a framework's throttle says of its own limit.
header('X-RateLimit-Limit: 5000');
header('X-RateLimit-Remaining: 4999');
if (isset($_GET['refuse'])) {
    http_response_code(429);
}
echo 'ok';
