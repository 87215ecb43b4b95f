<?php // A session that counts. `do` is a list of what to do with it.
$said = [];
foreach (explode(',', $_GET['do'] ?? 'start') as $step) {
    [$step, $value] = explode(':', $step) + [1 => null];
    switch ($step) {
        case 'start': $said[] = session_start(); $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1; break;
        case 'read': $said[] = session_start(['read_and_close' => true]); break;
        case 'close': $said[] = session_write_close(); break;
        case 'gate': file_put_contents("$_GET[gate]/started", getmypid() . "\n"); fgets(fopen("$_GET[gate]/go", 'r')); break;
        case 'regenerate': $said[] = session_regenerate_id($value === 'delete'); break;
        case 'destroy': $said[] = session_destroy(); break;
        case 'set': $_SESSION['value'] = $value; break;
        case 'fatal': ini_set('display_errors', '0'); no_such_function();
        case 'exit': exit(json_encode('left'));
    }
}
echo json_encode([$said, $_SESSION ?? null]);
