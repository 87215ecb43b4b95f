<?php
// Writes to $_ENV once.
return function () {
    static $first = true;
    if ($first) {
        $_ENV['CHANGED'] = 'by the first request';
        $first = false;
    }
    echo $_ENV['CHANGED'];
};
