<?php
function in_fiber(): void
{
    Fiber::suspend();
    sleep(2);
}
function resume(Fiber $fiber): void
{
    $fiber->resume();
}
$fiber = new Fiber('in_fiber');
$fiber->start();
resume($fiber);
echo 'done';
