<?php
function inner()
{
    yield 1;
    sleep(2);
    yield 2;
}
function outer()
{
    yield from inner();
}
foreach (outer() as $number) {
    echo $number;
}
