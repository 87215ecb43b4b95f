<?php // Early Hints, then the answer when it is let go.
require 'wait.inc';
header('Link: </style.css>; rel=preload; as=style');
header('Content-Length: 6');
header('X-Accel-Redirect: /page.html');
$said = [headers_send(103)];
header_remove('Link');
header_remove('X-Accel-Redirect');
header_remove('Content-Length');
header('X-Step: 2');
$said[] = headers_send(103);
http_response_code(404);
$said[] = headers_send(102);
if (isset($_GET['gate'])) {
    wait_at_gate($_GET['gate']);
}
flush();
echo 'answer';
ob_flush();
$said[] = headers_send(103);
echo json_encode($said);
