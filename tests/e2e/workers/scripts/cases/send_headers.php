<?php
// The head before the body.
return function () {
    header('X-Own: yes');
    $told = [tokio_is_streaming(), tokio_send_headers(202), tokio_is_streaming(), headers_sent()];
    echo json_encode($told);
};
