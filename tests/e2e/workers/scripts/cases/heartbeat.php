<?php
// Asks for more time, and writes to the log.
return function () {
    frankenphp_log('from the handler', FRANKENPHP_LOG_LEVEL_WARN, ['i' => $_GET['i']]);
    echo json_encode([tokio_request_heartbeat(5), tokio_request_id(), tokio_worker_id()]);
};
