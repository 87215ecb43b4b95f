<?php
// An exception that nobody catches.
return function () {
    echo 'hello ';
    throw new Exception('request ' . $_GET['i']);
};
