<?php
header('Content-Type: application/json');
$file = $_FILES['file'];
echo json_encode([
    'protocol' => $_SERVER['SERVER_PROTOCOL'],
    'word' => $_POST['word'],
    'name' => $file['name'],
    'error' => $file['error'],
    'sum' => hash_file('sha256', $file['tmp_name']),
]);
