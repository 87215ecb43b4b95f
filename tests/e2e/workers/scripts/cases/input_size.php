<?php
// How much body there is.
return function () {
    echo strlen(file_get_contents('php://input')), ' ', $_GET['i'];
};
