"""Multipart forms: fields, files, and everything that can be wrong with them."""

from harness.parity import Case

BOUNDARY = "xYzZy"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(disposition, content, *headers):
    lines = [f"--{BOUNDARY}", f"Content-Disposition: form-data; {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + (content if isinstance(content, bytes) else content.encode()) + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def field(name, value):
    return part(f'name="{name}"', value)


def file(name, file_name, content=b"content", content_type="text/plain"):
    return part(f'name="{name}"; filename="{file_name}"', content, f"Content-Type: {content_type}")


def form(name, *parts, content_type=TYPE, end=END, **options):
    headers = (("Content-Type", content_type),) if content_type is not None else ()
    return Case(name, method=options.pop("method", "POST"), headers=headers, body=b"".join(parts) + end, **options)


# On the wire one byte a character.
UMLAUT = "ä".encode().decode("latin-1")
PIXEL = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256))

CASES = [
    # -- fields
    form("fields", field("a", "1"), field("b", "two words"), field("c", "ä")),
    form("no_part"),
    form("empty_field", field("a", "")),
    form("nested_fields", field("a[]", "1"), field("a[]", "2"), field("b[x][y]", "3"), field("b[x][z]", "4")),
    form("malformed_names", field("a[", "1"), field("b]", "2"), field("c[d", "3"), field("[e]", "4"), field("f[[g]]", "5")),
    form("dots_and_blanks_in_names", field("a.b", "1"), field("c d", "2"), field(" e", "3")),
    form("repeated_field", field("a", "1"), field("a", "2")),
    form("binary_value", part('name="a"', bytes(range(256)))),
    form("value_with_line_ends", field("a", "x\r\ny\nz\r\n")),
    form("value_like_a_boundary", field("a", f"--{BOUNDARY[:-1]}\r\n-{BOUNDARY}")),
    form("field_with_a_content_type", part('name="a"', "1", "Content-Type: application/json")),
    form("field_with_a_transfer_encoding", part('name="a"', "MTIz", "Content-Transfer-Encoding: base64")),
    form("max_input_vars_passed", *(field(f"v{i}", "1") for i in range(49)), *(field("w[]", "1") for i in range(49))),
    form("more_parts_than_max_multipart_body_parts", *(field(f"v{i}", "1") for i in range(60))),
    form("nesting_level_passed", field("a" + "[x]" * 25, "1"), field("b", "2")),
    # -- names and heads
    form("name_without_quotes", part("name=a", "1"), part("name=b; filename=c.txt", "2")),
    form("name_in_single_quotes", part("name='a'", "1")),
    form("name_with_an_escaped_quote", part('name="a\\"b"', "1")),
    form("name_with_a_backslash", part('name="a\\\\b\\c"', "1")),
    form("name_in_upper_case", part('NAME="a"', "1")),
    form("no_name", part('x="a"', "1"), field("b", "2")),
    form("empty_name", part('name=""', "1"), field("b", "2")),
    form("no_disposition", f"--{BOUNDARY}\r\nX-Own: 1\r\n\r\nlost\r\n".encode(), field("b", "2")),
    form("another_disposition", f'--{BOUNDARY}\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n'.encode(), field("b", "2")),
    form("disposition_in_upper_case", f'--{BOUNDARY}\r\nCONTENT-DISPOSITION: FORM-DATA; name="a"\r\n\r\n1\r\n'.encode()),
    form("folded_head", f'--{BOUNDARY}\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\n1\r\n'.encode()),
    form("bare_line_feeds", f'--{BOUNDARY}\nContent-Disposition: form-data; name="a"\n\n1\n--{BOUNDARY}--\n'.encode(), end=b""),
    form("very_long_head", part('name="a"', "1", "X-Long: " + "x" * 9000), field("b", "2")),
    form("utf8_name", field(UMLAUT, "1")),
    form("star_parameters", part("name=\"a\"; filename*=UTF-8''%C3%A4.txt", "1")),
    # -- boundaries
    form("boundary_in_quotes", field("a", "1"), content_type=f'multipart/form-data; boundary="{BOUNDARY}"'),
    form("boundary_in_open_quotes", field("a", "1"), content_type=f'multipart/form-data; boundary="{BOUNDARY}'),
    form("boundary_then_more", field("a", "1"), content_type=f"multipart/form-data; boundary={BOUNDARY}; charset=utf-8"),
    form("boundary_then_comma", field("a", "1"), content_type=f"multipart/form-data; boundary={BOUNDARY}, x"),
    form("boundary_in_upper_case", field("a", "1"), content_type=f"multipart/form-data; BOUNDARY={BOUNDARY}"),
    form("type_in_upper_case", field("a", "1"), content_type=f"MULTIPART/FORM-DATA; boundary={BOUNDARY}"),
    form("no_boundary", field("a", "1"), content_type="multipart/form-data"),
    form("empty_boundary", field("a", "1"), content_type="multipart/form-data; boundary="),
    form("another_boundary", field("a", "1"), content_type="multipart/form-data; boundary=other"),
    form("boundary_is_a_prefix", field("a", "1"), content_type=f"multipart/form-data; boundary={BOUNDARY[:-1]}"),
    form("very_long_boundary", field("a", "1"), content_type="multipart/form-data; boundary=" + "b" * 6000),
    form("multipart_mixed", field("a", "1"), content_type=f"multipart/mixed; boundary={BOUNDARY}"),
    form("no_content_type", field("a", "1"), content_type=None),
    # -- beginnings and ends
    form("no_end", field("a", "1"), end=b""),
    form("cut_in_the_value", field("a", "1"), part('name="b"', "12345")[:-5], end=b""),
    form("cut_in_the_head", field("a", "1"), f"--{BOUNDARY}\r\nContent-Dispo".encode(), end=b""),
    form("cut_in_the_file", field("a", "1"), file("f", "a.txt", b"x" * 100)[:-30], end=b""),
    form("empty_body", end=b""),
    form("preamble_and_epilogue", b"preamble\r\n", field("a", "1"), end=END + b"epilogue\r\n" + field("b", "2")),
    form("end_in_the_middle", field("a", "1"), END, field("b", "2")),
    form("no_line_end_after_the_end", field("a", "1"), end=END[:-2]),
    # -- files
    form("file", file("f", "a.txt"), field("a", "1")),
    form("binary_file", file("f", "a.png", PIXEL, "image/png")),
    form("empty_file", file("f", "empty.txt", b"")),
    form("no_file_chosen", file("f", "", b"", "application/octet-stream")),
    form("content_without_a_file_name", file("f", "", b"content")),
    form("file_without_a_type", part('name="f"; filename="a.txt"', "content")),
    form("several_files", file("f", "1.txt", b"1"), file("g", "2.txt", b"22"), file("h", "3.txt", b"333")),
    form("list_of_files", file("f[]", "1.txt", b"1"), file("f[]", "2.txt", b"22")),
    form("nested_files", file("f[x][one]", "1.txt", b"1"), file("f[x][two]", "2.txt", b"22"), file("f[y][]", "3.txt")),
    form("files_with_malformed_names", file("f[", "1.txt"), file("g]", "2.txt"), file("h[i", "3.txt")),
    form("files_with_doubled_brackets", file("f[[x]]", "1.txt"), file("g[x]y", "2.txt"), field("a", "1")),
    form("same_name_twice", file("f", "1.txt", b"1"), file("f", "2.txt", b"22")),
    form("field_and_file_of_one_name", field("f", "text"), file("f", "1.txt")),
    form("files_and_no_file_between", file("f[]", "1.txt"), file("f[]", "", b""), file("f[]", "3.txt")),
    form("path_in_the_file_name", file("f", "folder/sub/a.txt"), file("g", "C:\\\\Temp\\\\b.txt"), file("h", "../../etc/passwd")),
    form("quotes_in_the_file_name", file("f", 'a\\"b\\".txt'), file("g", "it's.txt")),
    form("utf8_file_name", file("f", f"{UMLAUT}.txt")),
    form("not_utf8_file_name", file("f", "\xe4.txt")),
    form("nul_in_the_file_name", file("f", "a\0b.txt"), field("a", "1")),
    form("file_name_before_name", part('filename="a.txt"; name="f"', "x", "Content-Type: text/plain")),
    form("file_without_a_name", part('filename="a.txt"', "x", "Content-Type: text/plain"), field("a", "1")),
    form("type_with_parameters", file("f", "a.txt", content_type="text/plain; charset=UTF-16; x=\"y\"")),
    form("file_of_upload_max_filesize", file("f", "a.bin", b"x" * 16384)),
    form("file_past_upload_max_filesize", file("f", "a.bin", b"x" * 16385), field("a", "1"), file("g", "b.txt")),
    form("max_file_size_field", field("MAX_FILE_SIZE", "10"), file("f", "a.txt", b"x" * 11), file("g", "b.txt", b"x" * 10)),
    form("max_file_size_field_too_late", file("f", "a.txt", b"x" * 11), field("MAX_FILE_SIZE", "10")),
    form("max_file_uploads_passed", *(file(f"f{i}", f"{i}.txt") for i in range(6)), field("a", "1")),
    form("files_after_empty_ones_count", *(file("e[]", "", b"") for _ in range(5)), *(file(f"f{i}", "x.txt") for i in range(2))),
    form("past_post_max_size", field("a", "1"), file("f", "a.bin", b"x" * 70_000)),
    form("just_below_post_max_size", field("a", "x" * 30_000), field("b", "x" * 30_000), file("f", "a.bin", b"x" * 4_000)),
    # -- ways to send it
    form("in_chunks", field("a", "1"), file("f", "a.txt", b"x" * 5000), chunked=True),
    form("by_put", field("a", "1"), file("f", "a.txt"), method="PUT"),
    form("by_get", field("a", "1"), method="GET"),
    form("with_query", field("a", "post"), target="?a=get&b=1"),
    form("move_uploaded_file", file("f", "a.txt"), php="""
        $from = $_FILES['f']['tmp_name']; $to = dirname($from) . '/moved' . getmypid();
        $answer = [move_uploaded_file($from, $to), file_get_contents($to), is_uploaded_file($to), file_exists($from), move_uploaded_file($from, $to)];
        unlink($to);
        echo json_encode($answer);"""),
    form("move_of_no_upload", file("f", "a.txt"), php="""
        echo var_export(move_uploaded_file('/etc/passwd', '/tmp/x'), true), var_export(is_uploaded_file('/etc/passwd'), true);"""),
    form("php_input_is_empty", field("a", "1"), php="""
        echo json_encode([file_get_contents('php://input'), $_SERVER['CONTENT_LENGTH'], $_POST]);"""),
]
