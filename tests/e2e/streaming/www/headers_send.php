<?php // Sends its head, waits at the gate, and goes on.
require 'wait.inc';
header('X-Own: yes');
$first = headers_send(...(isset($_GET['status']) ? [(int) $_GET['status']] : []));
$streaming = tokio_is_streaming();
wait_at_gate($_GET['gate']);
$second = headers_send(503);
echo json_encode([$first, $streaming, $second, http_response_code()]);
