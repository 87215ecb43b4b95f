<?php // An event, then one more each time it is let go.
require 'wait.inc';
header('Content-Type: text/event-stream');
while (ob_get_level()) {
    ob_end_clean();
}
echo "retry: 3600000\nid: 1\ndata: first\n\n";
wait_at_gate($_GET['gate']);
echo "event: named\ndata: second\ndata: line\n\n";
wait_at_gate($_GET['gate']);
