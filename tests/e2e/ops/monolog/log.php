<?php // Logs as an application does: Monolog 2, StreamHandler, php://stderr.
require_once 'Monolog/autoload.php';
require_once __DIR__ . '/TokioPhpFormatter.php';

$handler = new Monolog\Handler\StreamHandler('php://stderr');
$handler->setFormatter(new TokioPhpFormatter());
$logger = new Monolog\Logger('shop', [$handler]);
$logger->pushProcessor(function (array $record) {
    $record['extra']['host'] = 'a';
    return $record;
});
$logger->log($_GET['level'] ?? 'info', $_GET['msg'], ['user' => 7, 'tags' => ['a', 'b'], 'none' => []]);
if (isset($_GET['fail'])) {
    try {
        intdiv(1, 0);
    } catch (DivisionByZeroError $error) {
        $logger->error($_GET['msg'], ['exception' => new RuntimeException('on purpose', 5, $error)]);
    }
}
for ($i = 0; $i < ($_GET['more'] ?? 0); ++$i) {
    $logger->info("{$_GET['msg']} $i", ['filler' => str_repeat('x', 20_000)]);
}
echo 'logged';
