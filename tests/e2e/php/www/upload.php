<?php // Moves every uploaded file into ?to= and reports what arrived there.
$moved = [];
$move = function ($name, $temporary, $error) use (&$moved) {
    $target = $_GET['to'] . '/' . count($moved);
    $moved[] = [
        'name' => $name, 'error' => $error, 'is_uploaded' => is_uploaded_file($temporary),
        'moved' => move_uploaded_file($temporary, $target), 'sha1' => is_file($target) ? sha1_file($target) : null,
        'size' => is_file($target) ? filesize($target) : null,
    ];
};
foreach ($_FILES as $file) {
    if (is_array($file['name'])) {
        array_walk_recursive($file['name'], function ($name) use (&$names) { $names[] = $name; });
        array_walk_recursive($file['tmp_name'], function ($name) use (&$temporaries) { $temporaries[] = $name; });
        array_walk_recursive($file['error'], function ($code) use (&$errors) { $errors[] = $code; });
        array_map($move, $names, $temporaries, $errors);
        $names = $temporaries = $errors = [];
    } else {
        $move($file['name'], $file['tmp_name'], $file['error']);
    }
}
echo json_encode(['moved' => $moved, 'files' => $_FILES, 'post' => $_POST]);
