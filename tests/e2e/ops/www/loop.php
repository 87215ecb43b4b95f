<?php // A worker script; each request stands at the gate that it names, if any. What the loop says in
// the end is written to the error log.
$serve = function () {
    if (isset($_GET['gate'])) {
        fwrite(fopen($_GET['gate'] . '/started', 'r+'), getmypid() . "\n");
        fgets(fopen($_GET['gate'] . '/go', 'r'));
    }
    if (isset($_GET['note'])) {
        file_put_contents($_GET['note'], $_SERVER['TOKIO_REQUEST_ID'] . "\n", FILE_APPEND | LOCK_EX);
        usleep(5000);
    }
    echo 'served ', $_SERVER['TOKIO_REQUEST_ID'];
};
do {
    $more = frankenphp_handle_request($serve);
} while ($more);
error_log('the loop said ' . var_export($more, true));
