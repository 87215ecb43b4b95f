<?php
// The superglobals of input.
return function () {
    echo json_encode(['get' => $_GET, 'post' => $_POST, 'cookie' => $_COOKIE, 'request' => $_REQUEST, 'files' => $_FILES,
        'input' => file_get_contents('php://input'), 'method' => $_SERVER['REQUEST_METHOD']]);
};
