<?php
// ?mib=N: as many MiB, in pieces of 64 KiB.
header('Content-Type: application/octet-stream');
$piece = str_repeat('0123456789abcdef', 4096);
for ($left = 16 * (int) $_GET['mib']; $left > 0; --$left) {
    echo $piece;
}
