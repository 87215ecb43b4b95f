<?php
register_shutdown_function(function () { echo ' second'; });
register_shutdown_function(function () { echo ' third'; });
echo 'first';
