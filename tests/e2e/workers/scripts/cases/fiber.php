<?php
// Fibers.
return function () {
    $suspended = new Fiber(function (string $text): void {
        echo $text, ' ', Fiber::suspend();
    });
    $suspended->start('Fiber');
    $suspended->resume($_GET['i']);
};
