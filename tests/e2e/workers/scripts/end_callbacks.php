<?php // ?of= says which callback is called at the end of the handler, ?does= what it does.
$act = static function (): void {
    if (($_GET['does'] ?? '') === 'throws') throw new Exception('in a callback');
    if (($_GET['does'] ?? '') === 'exits') exit;
};
final class Saved extends SessionHandler
{
    public function write(string $id, string $data): bool
    {
        ($GLOBALS['act'])();
        return parent::write($id, $data);
    }
}
$handle = static function () use ($act): void {
    switch ($_GET['of'] ?? '') {
        case 'output':
            ob_start(static function (string $text) use ($act): string {
                $act();
                return $text;
            });
            break;
        case 'header':
            header_register_callback($act);
            break;
        case 'session':
            session_set_save_handler(new Saved());
            session_start();
            break;
    }
    echo 'printed';
};
if (!isset($_SERVER['FRANKENPHP_WORKER'])) {
    $handle();
    return;
}
while (frankenphp_handle_request($handle)) continue;
