<?php // A bit of everything a request can leave behind.
$data = array_fill(0, 1000, $_SERVER['REQUEST_URI']);
$file = tmpfile();
fwrite($file, serialize($data));
if (isset($_GET['throw'])) {
    throw new RuntimeException('on purpose');
}
echo strlen(file_get_contents('php://input')), ' ', count($_POST), ' ', count($_FILES);
