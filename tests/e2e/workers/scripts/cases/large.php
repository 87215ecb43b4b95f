<?php
// A large answer.
return function () {
    for ($i = 0; $i < 1024; $i++) {
        echo "Hello\n";
    }
};
