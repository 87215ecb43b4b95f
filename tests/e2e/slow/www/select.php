<?php
$socket = fsockopen('127.0.0.1', (int) $_GET['port']);
$read = [$socket];
$none = null;
var_dump(stream_select($read, $none, $none, 60));
