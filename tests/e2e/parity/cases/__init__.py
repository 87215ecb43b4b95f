"""The table: every request of the suite, by group; and the settings both servers run with."""

from cases import bodies, ends, headers, local, messages, multipart, output, queries, sessions, settings, state
from harness.parity import in_group

GROUPS = {
    "queries": queries.CASES,
    "bodies": bodies.CASES,
    "multipart": multipart.CASES,
    "messages": messages.CASES,
    "headers": headers.CASES,
    "output": output.CASES,
    "ends": ends.CASES,
    "state": state.CASES,
    "sessions": sessions.CASES,
    "settings": settings.CASES,
    "local": local.CASES,
}

# Without the distribution's php.ini: what the contract sets where there is none is given to both.
SETTINGS = {
    "usual": {
        "output_buffering": "4096",
        "error_reporting": "30719",
        "display_errors": "0",
        "log_errors": "0",
        "html_errors": "0",
        "register_argc_argv": "0",
        "variables_order": "GPCS",
        "request_order": "GP",
        "include_path": ".",
        "max_execution_time": "30",
        "max_input_vars": "100",
        "max_input_nesting_level": "20",
        "post_max_size": "64K",
        "upload_max_filesize": "16K",
        "max_file_uploads": "4",
        "max_multipart_body_parts": "50",
        "opcache.enable": "0",
        "session.use_strict_mode": "1",
        # As in Debian's 8.2.36 without a word; 8.4 has it on.
        "session.upload_progress.enabled": "0",
        "session.gc_probability": "0",
        "user_ini.filename": "",
    },
}
SETTINGS["shown"] = {
    **SETTINGS["usual"],
    "output_buffering": "0",
    "display_errors": "1",
    "display_startup_errors": "1",
    "html_errors": "1",
    "register_argc_argv": "1",
    "variables_order": "EGPCS",
    "request_order": "CGP",
    "expose_php": "0",
    "default_mimetype": "text/plain",
    "default_charset": "ISO-8859-1",
    "arg_separator.input": "&;",
    "error_prepend_string": "[",
    "error_append_string": "]",
    "file_uploads": "0",
    "auto_globals_jit": "0",
    "implicit_flush": "1",
}
SETTINGS["wrapped"] = {
    **SETTINGS["usual"],
    "auto_prepend_file": "{root}/before.inc",
    "auto_append_file": "{root}/after.inc",
    "enable_post_data_reading": "0",
    "session.auto_start": "1",
    "session.use_strict_mode": "0",
    "session.use_trans_sid": "0",
    "ignore_user_abort": "1",
    "max_input_vars": "0",
}
SETTINGS["local"] = {**SETTINGS["usual"], "user_ini.filename": ".user.ini", "user_ini.cache_ttl": "300"}

# What stands in php.ini behind the settings.
SECTIONS = {
    "local": """
[HOST=local.test]
highlight.html=#444444
[PATH={root}/local/section_of_a_folder]
precision=9
highlight.html=#555555
"""
}


def all_cases():
    return [case for group, cases in GROUPS.items() for case in in_group(group, *cases)]
