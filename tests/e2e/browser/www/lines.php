<?php
// A page that is worth compressing.
header('Content-Type: text/html; charset=utf-8');
echo "<!doctype html>\n<title>Lines</title>\n";
for ($i = 0; $i < 2000; $i++) {
    echo "<p>Zeile $i: Grüße\n";
}
