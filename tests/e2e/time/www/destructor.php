<?php // The script ends, its object does not.
class Endless
{
    public function __destruct()
    {
        while (true) {
            $i = ($i ?? 0) + 1;
        }
    }
}
$object = new Endless();
