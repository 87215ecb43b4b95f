<?php // size: bytes of text; header[]: fields; status; pieces: written one by one.
http_response_code((int)($_GET['status'] ?? 200));
foreach ($_GET['header'] ?? [] as $header) {
    header($header, false);
}
$text = '';
for ($i = 0; strlen($text) < (int)$_GET['size']; ++$i) {
    $text .= "line $i of the answer\n";
}
$text = substr($text, 0, (int)$_GET['size']);
while (ob_get_level()) {
    ob_end_clean();
}
foreach (str_split($text, max(1, (int)($_GET['piece'] ?? strlen($text)))) as $piece) {
    echo $piece;
}
