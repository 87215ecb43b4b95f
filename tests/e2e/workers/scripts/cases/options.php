<?php
// getopt() when there is no command line.
return function () {
    echo json_encode([getopt('abc', ['long']), $_SERVER['HTTP_REQUEST'] ?? null, isset($_SERVER['FRANKENPHP_WORKER']), isset($_SERVER['FOO'])]);
};
