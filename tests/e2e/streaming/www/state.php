<?php // Whether this is a stream, before and after each step.
while (ob_get_level()) {
    ob_end_clean();
}
$said = [tokio_is_streaming()];
if (isset($_GET['events'])) {
    header('Content-Type: text/event-stream');
}
flush();
$said[] = tokio_is_streaming();
echo 'x';
$said[] = tokio_is_streaming();
flush();
$said[] = tokio_is_streaming();
echo json_encode($said);
