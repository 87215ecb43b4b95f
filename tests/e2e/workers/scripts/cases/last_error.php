<?php
// The last error, and one more.
return function () {
    $last = error_get_last();
    echo json_encode([$last['message'] ?? null, count($_POST)]);
    @trigger_error('of this request');
};
