<?php
// A file that was sent, and whether the last one is still there.
return function () {
    global $kept;
    echo json_encode([
        isset($_FILES['file']) ? file_get_contents($_FILES['file']['tmp_name']) : null,
        isset($kept['upload']) && file_exists($kept['upload']),
        count($_FILES),
    ]);
    $kept['upload'] = $_FILES['file']['tmp_name'] ?? null;
};
