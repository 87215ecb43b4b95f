<?php
// An event stream: three events, each on its own.
header('Content-Type: text/event-stream');
for ($i = 1; $i <= 3; $i++) {
    echo "data: tick $i\n\n";
    flush();
}
