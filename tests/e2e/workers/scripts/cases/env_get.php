<?php
// A variable, in all places where one looks for it.
return function () {
    if (isset($_GET['put'])) {
        putenv('OTHER=put');
    }
    $name = $_GET['name'];
    echo json_encode([getenv($name), $_SERVER[$name] ?? null, $_ENV[$name] ?? null, getenv()[$name] ?? null, getenv('OTHER')]);
};
