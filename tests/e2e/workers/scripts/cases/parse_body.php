<?php
// PHP 8.4: a form that came with another method than POST; whether the last file is still there.
return function () {
    global $kept;
    $gone = !isset($kept['parsed']) || !file_exists($kept['parsed']);
    try {
        [$post, $files] = request_parse_body(isset($_GET['most']) ? ['post_max_size' => $_GET['most']] : []);
    } catch (RequestParseBodyException $refusal) {
        echo json_encode(['refused' => $refusal->getMessage()]);
        return;
    }
    $kept['parsed'] = $files['file']['tmp_name'] ?? null;
    echo json_encode([
        'post' => $post,
        'file' => isset($files['file']) ? hash_file('md5', $files['file']['tmp_name']) : null,
        'globals' => [$_POST, $_FILES],
        'gone' => $gone,
    ]);
};
