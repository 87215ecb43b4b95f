<?php
// putenv() and getenv().
return function () {
    $told = [];
    $told[] = putenv('SOME_VAR=value');
    $told[] = getenv('SOME_VAR');
    $told[] = $_ENV['SOME_VAR'] ?? null;
    $told[] = $_SERVER['SOME_VAR'] ?? null;
    $told[] = putenv('SOME_VAR');
    $told[] = getenv('SOME_VAR');
    $told[] = putenv('SOME_VAR=');
    $told[] = getenv('SOME_VAR');
    $told[] = putenv('MISSING');
    $told[] = getenv('MISSING');
    $told[] = putenv("NUL\0=x");
    $told[] = getenv("NUL\0");
    putenv('SOME_VAR');
    putenv('NUL');
    echo json_encode($told);
};
