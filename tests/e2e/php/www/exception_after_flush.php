<?php
while (ob_get_level()) {
    ob_end_flush();
}
echo 'sent ';
flush();
throw new RuntimeException('secret-in-exception');
