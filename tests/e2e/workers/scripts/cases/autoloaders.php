<?php
// Autoloaders that were registered at the start.
return function () {
    echo count(spl_autoload_functions());
};
