<?php // getenv() and $_SERVER of the names asked for; null where there is none.
$found = [];
foreach (explode(',', $_GET['names']) as $name) {
    $value = getenv($name);
    $found[$name] = ['getenv' => $value === false ? null : $value, 'server' => $_SERVER[$name] ?? null];
}
echo json_encode($found);
