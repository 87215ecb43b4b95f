<?php // Asks its own server for another page.
echo 'it says ', file_get_contents('http://' . $_SERVER['HTTP_HOST'] . '/pid.php');
