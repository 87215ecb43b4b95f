<?php // A stream that begins with tokio_send_headers(), piece by piece.
require 'wait.inc';
http_response_code(404);
header('X-Own: yes');
echo 'first ';
$said = ['before' => tokio_is_streaming(), 'flushed' => tokio_stream_flush()];
$said += ['began' => tokio_send_headers(...(isset($_GET['status']) ? [(int) $_GET['status']] : []))];
$said += ['level' => ob_get_level(), 'streaming' => tokio_is_streaming()];
wait_at_gate($_GET['gate']);
ob_start();
echo 'second ';
$said += ['emptied' => tokio_stream_flush(), 'kept' => ob_get_level(), 'again' => tokio_send_headers(500)];
wait_at_gate($_GET['gate']);
tokio_finish_request();
$said += ['after' => tokio_is_streaming(), 'flush after' => tokio_stream_flush(), 'begin after' => tokio_send_headers()];
error_log('stream said ' . json_encode($said));
