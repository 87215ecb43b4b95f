<?php // A worker script that fails in the way it is asked to.

function fail(string $how, string $secret): void
{
    match ($how) {
        'throw' => throw new RuntimeException($secret),
        'chain' => throw new LogicException('outer', 0, new RuntimeException($secret)),
        'buffer' => ob_start() && print("printed before, of $secret") && throw new RuntimeException($secret),
        'callback' => ob_start(fn () => throw new RuntimeException($secret)),
        'header' => header("X-Secret: $secret") ?? throw new RuntimeException($secret),
        'warning' => trigger_error($secret, E_USER_WARNING),
        'fatal' => trigger_error($secret, E_USER_ERROR),
        'memory' => str_repeat($secret, PHP_INT_MAX >> 8),
    };
}

while (frankenphp_handle_request(function () {
    echo 'A';
    if (isset($_GET['how'])) {
        fail($_GET['how'], $_GET['secret']);
    }
    echo 'Z';
})) {
}
