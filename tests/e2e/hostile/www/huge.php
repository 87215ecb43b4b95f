<?php
$piece = str_repeat('0123456789abcdef', 1 << 16);
for ($i = 0; $i < (int) $_GET['mb']; $i++) {
    echo $piece;
}
