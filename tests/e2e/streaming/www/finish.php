<?php // Completes its answer, waits at the gate, does what would send more, and tells in the log what it saw.
require 'wait.inc';
$finish = $_GET['with'] ?? 'fastcgi_finish_request';
header('X-Own: before');
echo 'the ', 'answer';
$first = $finish();
wait_at_gate($_GET['gate']);
echo 'dropped';
ob_start();
echo str_repeat('dropped too', 100000);
ob_end_flush();
flush();
@header('X-Late: 1');
error_log('after the answer: ' . json_encode([
    'first' => $first, 'second' => $finish(), 'headers_sent' => headers_sent(), 'status' => connection_status(),
    'aborted' => connection_aborted(), 'input' => strlen(file_get_contents('php://input')),
    'post' => array_map('strlen', $_POST), 'late' => !in_array('X-Late: 1', headers_list()),
]));
