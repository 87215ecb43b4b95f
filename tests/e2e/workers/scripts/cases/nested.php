<?php
// A call of the loop's function where it may not be called.
return function () {
    try {
        frankenphp_handle_request(fn() => null);
    } catch (RuntimeException $e) {
        echo $e->getMessage();
    }
};
