<?php // What the heartbeat says to each of the given times.
$answers = function_exists('tokio_request_heartbeat') ? ['default' => tokio_request_heartbeat()] : ['default' => null];
foreach (array_filter(explode(',', $_GET['times'] ?? ''), 'strlen') as $time) {
    $answers[$time] = tokio_request_heartbeat((int) $time);
}
echo json_encode($answers);
