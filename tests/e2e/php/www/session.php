<?php // Counts the visits of one visitor.
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
echo json_encode(['visits' => $_SESSION['visits'], 'id' => session_id()]);
