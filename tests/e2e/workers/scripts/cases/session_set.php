<?php
// A secret in a session.
return function () {
    session_start();
    $_SESSION['secret'] = 'of ' . $_GET['of'];
    echo session_id();
    if (isset($_GET['exit'])) {
        flush();
        exit(1);
    }
};
