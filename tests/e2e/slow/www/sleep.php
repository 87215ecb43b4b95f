<?php
// What sleep() returns: the seconds that it was cut short by.
function nap(): int
{
    return sleep(2);
}
echo nap();
