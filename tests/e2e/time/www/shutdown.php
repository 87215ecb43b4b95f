<?php // The script ends, its shutdown function does not.
register_shutdown_function('never_ends');
function never_ends(): void
{
    while (true) {
        $i = ($i ?? 0) + 1;
    }
}
