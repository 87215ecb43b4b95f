<?php
ob_end_clean();
header('Content-Type: text/event-stream');
echo "data: 1\n\n";
ob_flush(); // output_buffering is on
flush();
sleep(1);
echo "data: 2\n\n";
