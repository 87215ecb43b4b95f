<?php // Many small flushed pieces.
while (ob_get_level()) {
    ob_end_flush();
}
for ($i = 0; $i < 50; $i++) {
    echo "piece $i\n";
    flush();
}
