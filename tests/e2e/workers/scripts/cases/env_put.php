<?php
// Keeps a value in the environment.
return function () {
    if (isset($_GET['index'])) {
        putenv('test=' . $_GET['index']);
        $GLOBALS['kept']['index'] = $_GET['index'];
    }
    echo json_encode([getenv('test'), $GLOBALS['kept']['index'] ?? null]);
};
