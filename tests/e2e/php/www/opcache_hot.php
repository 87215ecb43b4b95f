<?php // Enough turns of a loop to be compiled to machine code.
function mix(int $n): int
{
    $value = 1;
    for ($i = 1; $i < $n; ++$i) {
        $value = ($value * 31 + $i) % 65521;
    }
    return $value;
}
echo json_encode(['value' => mix(200_000), 'free' => opcache_get_status(false)['jit']['buffer_free']]);
