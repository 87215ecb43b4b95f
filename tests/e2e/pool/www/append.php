<?php // Notes in ?file= that it ran.
file_put_contents($_GET['file'], $_GET['n'] . "\n", FILE_APPEND | LOCK_EX);
echo $_GET['n'];
