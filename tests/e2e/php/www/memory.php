<?php // Asks for more than memory_limit.
ini_set('memory_limit', '16M');
$data = [];
while (true) {
    $data[] = str_repeat('x', 1 << 20);
}
