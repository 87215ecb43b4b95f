"""The php.ini of a test: the settings that PHP's tests are written for, and the test's own INI section.

Both sides read the same file and nothing else, so that what differs is the server's.
"""

import os

# As PHP's own run of its tests sets them.
BASE = {
    "output_handler": "",
    "open_basedir": "",
    "disable_functions": "",
    "output_buffering": "0",
    "error_reporting": "32767",
    "display_errors": "1",
    "display_startup_errors": "1",
    "log_errors": "0",
    "html_errors": "0",
    "docref_root": "",
    "docref_ext": ".html",
    "error_prepend_string": "",
    "error_append_string": "",
    "auto_prepend_file": "",
    "auto_append_file": "",
    "ignore_repeated_errors": "0",
    "precision": "14",
    "serialize_precision": "-1",
    "memory_limit": "128M",
    "zend.assertions": "1",
    "zend.exception_ignore_args": "0",
    "zend.exception_string_param_max_len": "15",
    "short_open_tag": "0",
    "session.auto_start": "0",
    # Debian's PHP has a folder of its own built in.
    "session.save_path": "",
    # Not by chance.
    "session.gc_probability": "0",
    # Scripts are written anew all the time.
    "opcache.file_update_protection": "0",
    "opcache.revalidate_freq": "0",
    "opcache.validate_timestamps": "1",
}


def own_settings(test, root, temporary):
    """The INI section as [(name, value)], with its placeholders filled in."""
    folder = os.path.join(root, test.folder)
    settings = []
    for line in test.lines("INI"):
        if "=" not in line or line.startswith((";", "#")):
            continue
        name, value = (part.strip() for part in line.split("=", 1))
        value = value.replace("{PWD}", folder).replace("{TMP}", temporary)
        if value.startswith("{MAIL:"):
            value = f"tee {value[len('{MAIL:'):].rstrip('}')} >/dev/null"
        settings.append((name, value))
    return settings


def _line(name, value):
    # As `php -d`: what begins like a word or a number, or is quoted, is taken as it stands.
    plain = not value or value[0].isalnum() or value[0] in "\"'-"
    return f"{name}={value}\n" if plain else f'{name}="{value}"\n'


def make_ini(extensions, zend_extensions, own):
    """The text of a php.ini. Settings that may stand several times are kept so."""
    base = {name: value for name, value in BASE.items() if name not in dict(own)}
    lines = [f"zend_extension={name}\n" for name in zend_extensions]
    lines += [f"extension={name}\n" for name in extensions]
    lines += [_line(name, value) for name, value in base.items()]
    lines += [_line(name, value) for name, value in own]
    return "".join(lines)
