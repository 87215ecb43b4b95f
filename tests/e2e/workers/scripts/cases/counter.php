<?php
// How many requests this script has had.
return function () {
    static $count = 0;
    echo $count++;
};
