"""Sessions within one request. What takes several requests is in test_parity_sessions.py."""

from harness.parity import Case

LAX = "ini_set('session.use_strict_mode', '0'); "
SHOWN = "ini_set('display_errors', '1'); "
COOKIE = (("Cookie", "PHPSESSID=0123456789abcdef0123456789"),)
HANDLER = """class H implements SessionHandlerInterface {
    public $said = [];
    function open(string $path, string $name): bool { $this->said[] = 'open ' . $name; return true; }
    function close(): bool { $this->said[] = 'close'; return true; }
    function read(string $id): string|false { $this->said[] = 'read'; return 'n|i:5;'; }
    function write(string $id, string $data): bool { $this->said[] = "write $data"; return true; }
    function destroy(string $id): bool { $this->said[] = 'destroy'; return true; }
    function gc(int $max): int|false { $this->said[] = 'gc'; return 1; }
}
$h = new H; session_set_save_handler($h, true); """


def php(name, code, **options):
    return Case(name, php=code, **options)


CASES = [
    php("start", "session_start(); echo session_status(), strlen(session_id()), json_encode($_SESSION), session_name(), session_module_name();"),
    php("start_and_write", "session_start(); $_SESSION['a'] = [1, 2]; echo session_encode();"),
    php("not_started", "echo session_status(), json_encode([session_id(), isset($_SESSION)]);"),
    php("start_twice", SHOWN + "session_start(); var_dump(session_start());"),
    php("start_after_output", SHOWN + "echo 'body'; ob_end_flush(); flush(); var_dump(session_start());"),
    php("strict_mode_makes_a_new_id", "session_start(); echo json_encode(session_id() === 'never-given-out');", headers=(("Cookie", "PHPSESSID=never-given-out"),)),
    php("lax_mode_takes_the_id", LAX + "session_start(); echo session_id();", headers=COOKIE),
    php("bad_ids", LAX + "session_start(); echo json_encode(session_id() === 'a/b');", headers=(("Cookie", "PHPSESSID=a/b"),)),
    php("id_with_odd_characters", SHOWN + LAX + "session_start(); echo strlen(session_id());", headers=(("Cookie", "PHPSESSID=%00%2e%2e"),)),
    php("id_as_a_list", LAX + "session_start(); echo strlen(session_id());", headers=(("Cookie", "PHPSESSID[]=a"),)),
    php("id_in_the_query", LAX + "session_start(); echo json_encode(session_id() === 'fromquery');", target="?PHPSESSID=fromquery"),
    php("own_name_and_id", LAX + "session_name('OWN'); session_id('own-id'); session_start(); echo session_id(), SID;"),
    php("cookie_parameters", LAX + "session_id('fixed'); session_set_cookie_params(['path' => '/p', 'domain' => 'x.test', 'secure' => true, 'httponly' => true, 'samesite' => 'Strict']); session_start(); echo json_encode(session_get_cookie_params());"),
    php("no_cookies", LAX + "ini_set('session.use_cookies', '0'); session_id('fixed'); session_start(); echo 'body';"),
    *(php(f"cache_limiter_{name or 'empty'}", f"session_cache_limiter('{name}'); session_start(); echo session_cache_limiter(), session_cache_expire();")
      for name in ("", "nocache", "private", "private_no_expire", "public", "unknown")),
    php("regenerate_id", LAX + "session_id('first'); session_start(); $a = session_id(); var_dump(session_regenerate_id(true), session_id() !== $a);"),
    php("destroy", LAX + "session_id('todestroy'); session_start(); $_SESSION['a'] = 1; var_dump(session_destroy(), session_status(), session_id(), $_SESSION);"),
    php("unset", "session_start(); $_SESSION['a'] = 1; session_unset(); echo json_encode([$_SESSION, session_status()]);"),
    php("abort_and_reset", LAX + "session_id('abort' . 1); session_start(); $_SESSION['a'] = 1; session_write_close(); session_start(); $_SESSION['a'] = 2; session_reset(); echo $_SESSION['a']; $_SESSION['a'] = 3; session_abort(); session_start(); echo $_SESSION['a']; session_destroy();"),
    php("write_close_and_start_again", "session_start(); $_SESSION['a'] = 1; session_write_close(); echo session_status(); session_start(); echo $_SESSION['a'];"),
    php("read_and_close", "session_start(['read_and_close' => true]); $_SESSION['a'] = 1; echo session_status();"),
    php("bad_option", SHOWN + "try { session_start(['no_such' => 1]); } catch (Throwable $e) { echo $e->getMessage(); }"),
    php("encode_and_decode", "session_start(); session_decode('a|i:1;b|s:1:\"x\";'); echo session_encode(), json_encode($_SESSION);"),
    php("serializer", "ini_set('session.serialize_handler', 'php_serialize'); session_start(); $_SESSION['a|b'] = 1; echo session_encode();"),
    php("numeric_key", SHOWN + "session_start(); $_SESSION[5] = 1; echo session_encode();"),
    php("object", "class P { public $x = 1; } session_start(); $_SESSION['p'] = new P; echo session_encode();"),
    php("create_id", "echo strlen(session_create_id('pre-')), substr(session_create_id('pre-'), 0, 4);"),
    php("create_id_bad_prefix", SHOWN + "var_dump(session_create_id('a b'));"),
    php("handler_object", HANDLER + "session_start(); $_SESSION['n']++; session_write_close(); echo json_encode($h->said);"),
    php("handler_at_the_end", HANDLER + "session_start(); $_SESSION['n']++; register_shutdown_function(function () use ($h) { session_write_close(); echo json_encode($h->said); }); echo 'body ';"),
    php("handler_destroy", HANDLER + "session_start(); session_destroy(); echo json_encode($h->said);"),
    php("handler_that_throws", SHOWN + "class T extends SessionHandler { function read(string $id): string|false { throw new Exception('read'); } } session_set_save_handler(new T); session_start(); echo 'never';"),
    php("handler_that_fails_to_write", SHOWN + "class W extends SessionHandler { function write(string $id, string $d): bool { return false; } } session_save_path('/tmp'); session_set_save_handler(new W, true); session_start(); $_SESSION['a'] = 1; session_write_close(); echo 'after';"),
    php("handler_of_no_folder", SHOWN + "session_save_path('/no/such/folder'); var_dump(session_start());"),
    php("handler_unknown", SHOWN + "try { session_module_name('nosuch'); } catch (Throwable $e) { echo $e->getMessage(); } var_dump(@ini_set('session.save_handler', 'nosuch'));"),
    php("settings_after_start", SHOWN + "session_start(); var_dump(ini_set('session.name', 'x'), session_name('y'), session_id('z'), session_save_path('/x'));"),
    php("settings_after_output", SHOWN + "echo 'a'; ob_end_flush(); flush(); var_dump(session_name('y'), ini_set('session.gc_maxlifetime', '5'));"),
    php("gc", "session_start(); echo json_encode(session_gc() !== false);"),
    php("session_and_exit", "session_start(); $_SESSION['a'] = 1; exit('bye');"),
    php("session_and_a_fatal", SHOWN + "session_start(); $_SESSION['a'] = 1; no_such();"),
    php("session_and_location", "session_start(); header('Location: /x'); exit;"),
    php("upload_progress", LAX + "session_start(); echo json_encode([array_keys($_SESSION), ini_get('session.upload_progress.name'), $_POST]);", method="POST",
        headers=(("Cookie", "PHPSESSID=uploading"), ("Content-Type", "multipart/form-data; boundary=xYzZy")),
        body=b'--xYzZy\r\nContent-Disposition: form-data; name="PHP_SESSION_UPLOAD_PROGRESS"\r\n\r\nup\r\n'
             b'--xYzZy\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\ncontent\r\n--xYzZy--\r\n'),
]  # fmt: skip
