<?php
// How often this client was here.
return function () {
    session_start();
    $_SESSION['count'] ??= 0;
    echo 'Count: ', $_SESSION['count']++;
};
