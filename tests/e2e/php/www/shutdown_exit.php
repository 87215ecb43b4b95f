<?php
register_shutdown_function(function () { echo ' and exit'; exit(7); });
register_shutdown_function(function () { echo ' never'; });
echo 'body';
