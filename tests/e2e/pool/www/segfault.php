<?php // 11 is SIGSEGV.
posix_kill(posix_getpid(), 11);
echo 'still here';
sleep(5);
