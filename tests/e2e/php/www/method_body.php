<?php
echo json_encode(['method' => $_SERVER['REQUEST_METHOD'], 'post' => $_POST, 'input' => file_get_contents('php://input')]);
