<?php // The front page; says what method and body came.
echo json_encode(['method' => $_SERVER['REQUEST_METHOD'], 'length' => strlen(file_get_contents('php://input')), 'n' => $_GET['n'] ?? null]);
