<?php
// A function that was preloaded.
return function () {
    echo preloaded();
};
