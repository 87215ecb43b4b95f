<?php
// A save handler of the script's own: set by ?set, then used without.
if (!class_exists('ArrayHandler', false)) {
    class ArrayHandler implements SessionHandlerInterface
    {
        public static array $data = [];
        public function open(string $path, string $name): bool { return true; }
        public function close(): bool { return true; }
        public function read(string $id): string|false { return self::$data[$id] ?? ''; }
        public function write(string $id, string $data): bool { self::$data[$id] = $data; return true; }
        public function destroy(string $id): bool { unset(self::$data[$id]); return true; }
        public function gc(int $lifetime): int|false { return 0; }
    }
}
return function () {
    if (isset($_GET['set'])) {
        session_set_save_handler(new ArrayHandler(), false);
    }
    if (!isset($_GET['look'])) {
        session_start();
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
    }
    echo json_encode([ini_get('session.save_handler'), $_SESSION['n'] ?? null, count(ArrayHandler::$data)]);
};
