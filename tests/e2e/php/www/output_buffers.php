<?php
ob_start(fn ($text) => strtoupper($text));
echo 'outer ';
ob_start();
echo 'dropped';
ob_end_clean();
echo 'kept';
ob_end_flush();
header('X-After: yes');
echo ' plain';
