<?php // So many bytes, each 16 of which say where they are.
for ($at = 0; $at < $_GET['size'] / 16; $at += 1024) {
    echo implode('', array_map(fn ($number) => sprintf("%015d\n", $number), range($at, $at + 1023)));
}
