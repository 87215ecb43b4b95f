<?php
// Holds a session's lock until its time is up.
return function () {
    set_time_limit(1);
    session_start();
    echo 'locked';
    while (isset($_GET['hold'])) {
        continue;
    }
};
