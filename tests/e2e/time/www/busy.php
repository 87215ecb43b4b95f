<?php // Computes for so many seconds, in steps that each set a limit of their own.
if (isset($_GET['file'])) {
    register_shutdown_function(fn () => file_put_contents($_GET['file'], connection_status()));
}
foreach (explode(',', $_GET['steps']) as $step) {
    [$limit, $seconds] = explode(':', $step);
    if ($limit !== '') {
        set_time_limit((int) $limit);
    }
    $until = hrtime(true) + $seconds * 1e9;
    while (hrtime(true) < $until) {
        $i = ($i ?? 0) + 1;
    }
}
echo 'done';
