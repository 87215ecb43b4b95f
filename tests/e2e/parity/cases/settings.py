"""Requests under other settings than the usual ones: errors shown as HTML, prepended files, no reading of bodies."""

from harness.parity import Case

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
MULTIPART = (("Content-Type", "multipart/form-data; boundary=xYzZy"),)
PART = b'--xYzZy\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
FILE = b'--xYzZy\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\ncontent\r\n'
END = b"--xYzZy--\r\n"

CASES = [
    Case("shown_dump", server="shown", target="?a=1+b+c;d=2"),
    Case("shown_dump_with_cookie", server="shown", target="?a=get", headers=(("Cookie", "a=cookie"),)),
    Case("shown_form", server="shown", method="POST", body=b"a=1&b=2;c=3", headers=FORM),
    Case("shown_file_uploads_off", server="shown", method="POST", body=PART + FILE + END, headers=MULTIPART),
    Case("shown_argv_of_words", server="shown", target="?one+two%20three+four"),
    Case("shown_argv_of_an_empty_query", server="shown", target="?"),
    Case("shown_too_many_vars", server="shown", target="?" + "&".join(f"v{i}=1" for i in range(150))),
    Case("shown_post_past_the_limit", server="shown", method="POST", body=b"a=" + b"x" * 70_000, headers=FORM),
    Case("shown_json_past_the_limit", server="shown", method="POST", body=b"x" * 70_000, headers=(("Content-Type", "application/json"),)),
    Case("shown_multipart_past_the_limit", server="shown", method="POST", body=PART * 1000 + END, headers=MULTIPART),
    Case("shown_multipart_without_a_boundary", server="shown", method="POST", body=PART + END, headers=(("Content-Type", "multipart/form-data"),)),
    Case("shown_multipart_of_too_many_parts", server="shown", method="POST", body=PART * 60 + END, headers=MULTIPART),
    Case("shown_multipart_cut", server="shown", method="POST", body=PART + FILE[:40], headers=MULTIPART),
    Case("shown_warning_before_headers", server="shown", php="echo $undefined; header('X-Late: 1'); echo 'after';"),
    Case("shown_text_type", server="shown", php="echo 'body';"),
    Case("shown_location", server="shown", php="header('Location: /x'); echo 'body';"),
    Case("shown_exception", server="shown", php="throw new Exception('<b>');"),
    Case("shown_env", server="shown", php="echo json_encode([isset($_ENV['PATH']), isset($_ENV['REQUEST_METHOD']), isset($_ENV['HTTP_HOST']), count($_ENV) > 3]);"),
    Case("shown_head", server="shown", method="HEAD", php="echo 'a'; header('X-Late: 1'); echo 'b';"),
    Case("shown_flushed", server="shown", php="echo 'a'; echo json_encode(headers_sent()); flush(); echo ob_get_level();"),
    Case("shown_phpinfo_is_html", server="shown", php="ob_start(); phpinfo(INFO_CONFIGURATION); $t = ob_get_clean(); echo strpos($t, '<table') !== false ? 'html' : 'text';"),
    Case("shown_http_code", server="shown", php="http_response_code(503); echo $undefined;"),
    Case("wrapped_dump", server="wrapped", target="?a=1"),
    Case("wrapped_form_is_not_read", server="wrapped", method="POST", body=b"a=1", headers=FORM),
    Case("wrapped_multipart_is_not_read", server="wrapped", method="POST", body=PART + FILE + END, headers=MULTIPART),
    Case("wrapped_large_form", server="wrapped", method="POST", body=b"a=" + b"x" * 70_000, headers=FORM),
    Case("wrapped_output", server="wrapped", php="echo 'body';"),
    Case("wrapped_exit", server="wrapped", php="exit('bye');"),
    Case("wrapped_exception", server="wrapped", php="throw new Exception('x');"),
    Case("wrapped_parse_error", server="wrapped", php="echo ("),
    Case("wrapped_headers", server="wrapped", php="header('X-Own: 1'); echo json_encode(headers_sent());"),
    Case("wrapped_included_files", server="wrapped", php="echo json_encode(array_map('basename', get_included_files()));"),
    Case("wrapped_folder", server="wrapped", php="echo json_encode([getcwd() === __DIR__, basename($_SERVER['SCRIPT_NAME'])]);"),
    Case("wrapped_ignore_user_abort", server="wrapped", php="var_dump(ignore_user_abort());"),
    Case("wrapped_session_by_cookie", server="wrapped", headers=(("Cookie", "PHPSESSID=abcdefabcdefabcdefabcdefab"),), php="echo json_encode([session_id(), session_status(), $_SESSION]);"),
]
