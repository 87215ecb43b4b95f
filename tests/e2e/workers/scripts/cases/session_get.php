<?php
// The secret of the session.
return function () {
    session_start();
    echo $_SESSION['secret'] ?? 'NOT_FOUND';
};
