<?php
// A setting.
return function () {
    echo ini_get($_GET['name']);
};
