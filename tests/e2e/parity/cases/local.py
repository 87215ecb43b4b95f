"""Settings of a part of the site: .user.ini files (www/local), sections of php.ini."""

from harness.parity import Case

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
MULTIPART = (("Content-Type", "multipart/form-data; boundary=xYzZy"),)
FILE = b'--xYzZy\r\nContent-Disposition: form-data; name="%s"; filename="a.txt"\r\n\r\n%s\r\n'

NAMES = """highlight.string highlight.keyword highlight.comment highlight.html display_errors error_reporting precision memory_limit
    default_charset include_path date.timezone session.name register_argc_argv expose_php allow_url_include arg_separator.output
    output_buffering auto_prepend_file serialize_precision post_max_size upload_max_filesize max_input_vars user_ini.filename
    user_ini.cache_ttl no.such""".split()
SHOW = f"foreach ({NAMES} as $name) echo $name, '=', json_encode(ini_get($name)), \"\\n\"; echo json_encode($argv ?? null);"


def php(name, code=SHOW, **options):
    return Case(name, php=code, server=options.pop("server", "local"), **options)


CASES = [
    php("in_the_folder"),
    php("deep/in_a_deeper_folder"),
    php("deep/er/in_a_folder_without_a_file"),
    php("broken/behind_a_syntax_error"),
    php("limits/for_bodies"),
    Case("in_the_root", server="local"),
    php("not_for_servers_without_it", server="usual"),
    php("applied", "echo 1 / 3, json_encode($undefined ?? null), $undefined, trigger_error('notice');"),
    php("under_ini_set", "ini_set('precision', '3'); echo 1 / 3; ini_restore('precision'); echo ' ', 1 / 3, ' ', json_encode(ini_get_all('session')['session.name']);"),
    php("deep/prepended", "echo 'body', ob_get_level();"),
    php("limits/form_in_the_limit", "echo json_encode([$_POST, $_GET]);", method="POST", body=b"a=1&b=2", headers=FORM, target="?c=1&d=2&e=3&f=4&g=5"),
    php("limits/form_past_the_limit", "echo json_encode([count($_POST), strlen(file_get_contents('php://input'))]);", method="POST", body=b"a=" + b"x" * 2000, headers=FORM),
    php("limits/json_past_the_limit", "echo json_encode([count($_POST), strlen(file_get_contents('php://input'))]);", method="POST", body=b"x" * 2000),
    php("limits/large_json_past_the_limit", "echo json_encode([count($_POST), strlen(file_get_contents('php://input'))]);", method="POST", body=b"x" * 40_000),
    php("limits/file_past_the_limit", "echo json_encode(array_column($_FILES, 'error'));", method="POST",
        body=FILE % (b"f", b"x" * 200) + b"--xYzZy--\r\n", headers=MULTIPART),
    php("limits/files_past_the_limit", "echo json_encode(array_column($_FILES, 'error'));", method="POST",
        body=FILE % (b"f", b"x") + FILE % (b"g", b"x") + b"--xYzZy--\r\n", headers=MULTIPART),
    php("limits/multipart_past_the_limit", "echo json_encode([$_FILES, $_POST]);", method="POST",
        body=FILE % (b"f", b"x" * 2000) + b"--xYzZy--\r\n", headers=MULTIPART),
    php("section_of_a_host", host="local.test"),
    php("section_of_a_host_in_upper_case", host="LOCAL.Test:81"),
    php("section_of_a_folder/in_it"),
    php("section_of_a_folder/and/below"),
    php("deep/with_path_info", target="/more"),
]  # fmt: skip
