<?php // A body of ?n= bytes, a line number every 64 bytes, so that a lost or doubled piece shows.
header('Content-Type: text/plain');
for ($i = 0, $n = (int) $_GET['n']; $i < $n; $i += 64) {
    echo substr(sprintf("%063d\n", $i), 0, min(64, $n - $i));
}
