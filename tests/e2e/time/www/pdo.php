<?php // Waits for a query.
$database = new PDO("mysql:unix_socket={$_GET['socket']}", 'root', '');
$database->query('SELECT SLEEP(60)');
echo 'queried';
