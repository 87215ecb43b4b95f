<?php
// Computes until the file exists that ?end= names.
function spin(string $end): void
{
    do {
        $sum = 0;
        for ($i = 0; $i < 200000; $i++) {
            $sum += $i % 7;
        }
        clearstatcache();
    } while (!file_exists($end));
}
class Work
{
    public static function all(string $end): void
    {
        spin($end);
    }
}
Work::all($_GET['end']);
echo 'done';
