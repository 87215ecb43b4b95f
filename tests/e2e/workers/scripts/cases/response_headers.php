<?php
// What apache_response_headers() tells.
return function () {
    header('Foo: bar');
    header('Foo2: bar2');
    header('Invalid');
    header('I: ' . $_GET['i']);
    if ($_GET['i'] % 3 !== 0) {
        http_response_code($_GET['i'] + 100);
    }
    echo json_encode(apache_response_headers());
};
