<?php
echo 'begun';
ob_flush();
flush();
sleep(30); // until the test kills it
