<?php
// A status without a body.
return function () {
    header('Content-Type: application/json');
    http_response_code(204);
    echo '{"never": "sent"}';
    flush();
};
