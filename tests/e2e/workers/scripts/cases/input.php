<?php
// The body, back again.
return function () {
    header('Foo: bar');
    echo file_get_contents('php://input');
};
