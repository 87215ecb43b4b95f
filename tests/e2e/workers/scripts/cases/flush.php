<?php
// Output in two pieces.
return function () {
    while (ob_get_level() > 0) {
        ob_end_flush();
    }
    echo 'He';
    flush();
    $gate = fopen($_GET['gate'] . '/started', 'w');
    fwrite($gate, getmypid());
    fclose($gate);
    fgets(fopen($_GET['gate'] . '/go', 'r'));
    echo 'llo ', $_GET['i'];
};
