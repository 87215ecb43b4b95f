<?php // Never ends, and can be interrupted anywhere.
register_shutdown_function(function () {
    if (isset($_GET['file'])) {
        file_put_contents($_GET['file'], 'shutdown ran');
    }
});
while (true) {
    $i = ($i ?? 0) + 1;
}
