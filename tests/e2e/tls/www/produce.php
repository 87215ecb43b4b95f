<?php // So many MiB of a known pattern.
$piece = str_repeat('0123456789abcdef', 1 << 12);
for ($i = 0; $i < 16 * (int) $_GET['mib']; $i++) {
    echo $piece;
}
