<?php
class PreloadedGreeter
{
    public function greet(string $name): string
    {
        return "Hello $name";
    }
}

function preloaded_sum(int ...$numbers): int
{
    return array_sum($numbers);
}
