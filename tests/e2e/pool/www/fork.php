<?php // The child must not answer, however it ends.
$child = pcntl_fork();
if ($child === 0) {
    echo 'child';
    if ($_GET['end'] === 'exit') {
        exit('child exits');
    }
    if ($_GET['end'] === 'fatal') {
        undefined_function();
    }
    return;
}
pcntl_waitpid($child, $status);
echo 'parent';
