<?php // A session written after the answer.
session_id($_GET['id']);
session_start();
echo $_SESSION['kept'] ?? 'nothing';
fastcgi_finish_request();
$_SESSION['kept'] = 'written after the answer';
