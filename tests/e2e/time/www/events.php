<?php // Events for a while, each sent at once; then silence.
header('Content-Type: text/event-stream');
ob_end_flush(); // flush() does not empty PHP's own buffers
for ($i = 0; $i < $_GET['count']; $i++) {
    echo "data: $i\n\n";
    flush();
    usleep(500_000);
}
while ($_GET['then'] ?? false) {
    usleep(100_000);
}
