<?php
// What the script saw before its first request.
return function () {
    echo json_encode($GLOBALS['boot'] + ['now' => getenv('FRANKENPHP_WORKER')]);
};
