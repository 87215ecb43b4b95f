<?php // Counts visits in a session that Redis keeps; ?handler=own uses the script's handler.
if (($_GET['handler'] ?? '') === 'own') {
    require_once __DIR__ . '/RedisSessions.php';
    session_set_save_handler(new RedisSessions(getenv('REDIS_SOCKET')), true);
}
$started = session_start();
$visits = $_SESSION['visits'] ?? 0;
if (isset($_GET['slow'])) {
    // Time for another worker to read the same count, if it may.
    usleep(2000);
}
$_SESSION['visits'] = $visits + 1;
$_SESSION['data'] = str_repeat('ä', 500);
echo json_encode(['started' => $started, 'visits' => $visits + 1, 'whole' => $_SESSION['data'] === str_repeat('ä', 500)]);
