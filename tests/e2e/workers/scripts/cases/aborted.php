<?php
// Goes on when the client has left, and says so.
return function () {
    ignore_user_abort(true);
    while (ob_get_level() > 0) {
        ob_end_flush();
    }
    $gate = fopen($_GET['gate'] . '/started', 'w');
    fwrite($gate, getmypid());
    fclose($gate);
    fgets(fopen($_GET['gate'] . '/go', 'r'));
    if ($_GET['finish']) {
        frankenphp_finish_request();
    }
    for ($i = 0; $i < 2000 && connection_status() === 0; $i++) {
        echo 'x';
        flush();
        usleep(1000);
    }
    error_log('status ' . connection_status() . ' of ' . $_GET['i']);
};
