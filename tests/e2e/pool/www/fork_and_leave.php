<?php // The parent answers at once; the child goes on and would claim requests if it could.
if (pcntl_fork() === 0) {
    usleep(300000);
    return;
}
echo 'parent';
