<?php
// What there is of sessions without one.
return function () {
    echo json_encode([$_SESSION ?? null, session_id(), session_status(), defined('SID') ? @constant('SID') : '']);
};
