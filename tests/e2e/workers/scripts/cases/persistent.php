<?php
// An object made before the loop.
return function () {
    global $persistent;
    $persistent->calls++;
    echo json_encode([spl_object_id($persistent), $persistent->calls, class_exists('Persistent', false)]);
};
