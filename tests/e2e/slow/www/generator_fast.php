<?php
function numbers()
{
    for ($i = 0; $i < 3000; $i++) {
        yield $i;
    }
}
function all()
{
    yield from numbers();
}
$fiber = new Fiber(function () {
    foreach (all() as $number) {
        if ($number % 100 === 0) {
            Fiber::suspend();
        }
    }
});
$fiber->start();
while (!$fiber->isTerminated()) {
    $fiber->resume();
}
echo 'done';
