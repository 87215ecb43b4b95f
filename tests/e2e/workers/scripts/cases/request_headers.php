<?php
// The headers of the request, by each of the functions.
return function () {
    echo json_encode([apache_request_headers(), getallheaders(), frankenphp_request_headers()]);
};
