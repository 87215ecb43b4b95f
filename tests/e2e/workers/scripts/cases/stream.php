<?php
// An event stream.
return function () {
    header('Content-Type: text/event-stream');
    while (ob_get_level() > 0) {
        ob_end_flush();
    }
    echo "data: first\n\n";
    echo json_encode([tokio_is_streaming(), tokio_stream_flush()]), "\n\n";
};
