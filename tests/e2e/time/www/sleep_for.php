<?php
$left = (int) $_GET['seconds'];
sleep($left);
echo 'slept';
