"""The PHP of each mode: what Howdah is compared with there, and which extensions both load."""

import os
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("HOWDAH_CACHE") or (
    "/var/cache/howdah" if os.geteuid() == 0 else
    os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "howdah")
))
ZTS = CACHE / "php/8.4-zts"
_ALWAYS = ("core", "date", "filter", "hash", "json", "openssl", "pcre", "random", "session", "spl", "standard", "zlib")


@dataclass(frozen=True)
class PhpMode:
    version: str  # of PHP, and of the source that the tests come from
    worker: str  # howdah's worker program
    server: Path  # the reference: php-cgi, or php-fpm
    cli: Path  # what tests find in TEST_PHP_EXECUTABLE
    load: tuple  # extensions that php.ini has to load

    @property
    def tests(self):
        return CACHE / f"php/tests-{self.version}"

    def has(self, extension):
        return extension.lower() in (*_ALWAYS, *_LOADED)

    @property
    def reference(self):
        return self.server.name


# Both PHPs have them: one as shared objects, the other built in.
_LOADED = ("ctype", "iconv", "mbstring", "posix", "tokenizer")
PHP_MODES = {
    "process": PhpMode("8.2", "howdah-php-8.2-nts", Path("/usr/bin/php-cgi8.2"), Path("/usr/bin/php8.2"), _LOADED),
    "thread": PhpMode("8.4", "howdah-php-8.4-zts", ZTS / "sbin/php-fpm", ZTS / "bin/php", ()),
}
