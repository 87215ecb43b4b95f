<?php
// Work after the answer.
return function () {
    echo 'This is the answer ', $_GET['i'];
    $told = [$_GET['with'](), $_GET['with']()];
    echo 'unheard';
    flush();
    $told[] = strlen(file_get_contents('php://input'));
    error_log('after the answer ' . $_GET['i'] . ' ' . json_encode($told));
    if (isset($_GET['exit'])) {
        exit(1);
    }
};
