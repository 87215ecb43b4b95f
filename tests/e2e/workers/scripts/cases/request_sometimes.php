<?php
// Only some requests load code that mentions $_REQUEST.
return function () {
    if (!isset($_GET['use_request'])) {
        echo 'SKIPPED';
        return;
    }
    echo json_encode(require __DIR__ . '/../read_request.php');
};
