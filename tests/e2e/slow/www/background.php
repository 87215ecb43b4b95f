<?php
echo 'done';
fastcgi_finish_request();
sleep(1);
file_put_contents($_GET['file'], 'over');
