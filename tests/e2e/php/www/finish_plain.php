<?php
echo 'the answer';
$first = fastcgi_finish_request();
echo 'dropped';
error_log('after the answer: ' . json_encode($first) . ' ' . json_encode(fastcgi_finish_request()));
