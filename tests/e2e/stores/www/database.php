<?php // The id of a persistent connection: ?api=pdo or mysqli; ?leave= leaves something behind in it.
$socket = getenv('DATABASE_SOCKET');
if ($_GET['api'] === 'pdo') {
    $link = new PDO("mysql:unix_socket=$socket;dbname=test", 'root', '', [PDO::ATTR_PERSISTENT => true]);
    $ask = fn (string $query) => $link->query($query)->fetchColumn();
} else {
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $link = new mysqli('p:localhost', 'root', '', 'test', 0, $socket);
    $ask = fn (string $query) => $link->query($query)->fetch_row()[0];
}
if (($_GET['leave'] ?? '') === 'transaction') {
    $link->query('START TRANSACTION');
    $link->query('INSERT INTO notes VALUES (1)');
} elseif (($_GET['leave'] ?? '') === 'fatal') {
    $link->query('SELECT 1');
    this_function_does_not_exist();
}
echo json_encode(['id' => (int) $ask('SELECT CONNECTION_ID()'), 'notes' => (int) $ask('SELECT COUNT(*) FROM notes')]);
