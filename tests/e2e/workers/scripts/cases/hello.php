<?php
// A fixed sentence with a number of the query.
return function () {
    printf('I am by birth a Genevese (%s)', $_GET['i'] ?? 'i not set');
};
