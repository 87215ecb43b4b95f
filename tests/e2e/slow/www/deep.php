<?php
function dig(int $depth): void
{
    $depth > 0 ? dig($depth - 1) : sleep(2);
}
dig(3000);
echo 'done';
