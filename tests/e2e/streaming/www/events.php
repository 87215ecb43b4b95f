<?php // A stream of events without an end: ?size of each, ?gap between them in microseconds. Its progress is in the
// file ?count, its end in the log. With ?ignore it goes on for a while after its client has left.
ignore_user_abort(isset($_GET['ignore']));
set_time_limit(0);
register_shutdown_function(function () {
    error_log('stream over ' . json_encode([connection_status(), connection_aborted()]));
});
header('Content-Type: text/event-stream');
while (ob_get_level()) {
    ob_end_clean();
}
$count = fopen($_GET['count'], 'w');
for ($number = 1, $left = 10; $left > 0; ++$number) {
    echo 'data: ', str_pad((string) $number, (int) ($_GET['size'] ?? 1), '.'), "\n\n";
    if (isset($_GET['flush'])) {
        flush();
    }
    rewind($count);
    fwrite($count, (string) $number);
    usleep((int) ($_GET['gap'] ?? 0));
    $left -= connection_aborted();
}
