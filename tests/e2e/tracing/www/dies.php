<?php
echo 'begun';
flush();
posix_kill(getmypid(), SIGKILL);
