<?php
// Not a worker: the page shows what is said of it.
echo json_encode([function_exists('frankenphp_handle_request'), isset($_SERVER['FRANKENPHP_WORKER'])]);
frankenphp_handle_request(function () {
});
