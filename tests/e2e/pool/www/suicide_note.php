<?php // Kills its host: the parent in process mode, itself in thread mode.
posix_kill(ZEND_THREAD_SAFE ? posix_getpid() : posix_getppid(), 9);
sleep(10);
