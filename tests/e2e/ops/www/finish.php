<?php // Answers, then stands at a gate.
echo 'the answer';
tokio_finish_request();
fwrite(fopen($_GET['gate'] . '/started', 'r+'), getmypid() . "\n");
fgets(fopen($_GET['gate'] . '/go', 'r'));
