<?php
// A status line as header() takes it.
return function () {
    header($_GET['line']);
    echo http_response_code();
};
