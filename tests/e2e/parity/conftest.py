"""nginx + PHP-FPM and Howdah side by side: the same folder, the same php.ini."""

import os

import pytest
from cases import all_cases
from servers import Pair, settings_of

from harness.folders import copy_site
from harness.fpm import FpmServer
from harness.parity import write_scripts


@pytest.fixture(scope="module")
def site(launch_shared):
    """A root with the script of every case."""
    root = launch_shared.folder()
    copy_site(os.path.join(os.path.dirname(__file__), "www"), root)
    write_scripts(root, all_cases())
    return root


@pytest.fixture(scope="module")
def pairs(launch_shared, site):
    """name of settings -> Pair, started at the first question for it."""
    started = {}

    def pair(name):
        if name not in started:
            uploads = launch_shared.folder(mode=0o777)
            settings = [settings_of(launch_shared, site, name, upload_tmp_dir=uploads) for _ in range(2)]
            fpm = launch_shared(site=site, kind=FpmServer, **settings[0])
            started[name] = Pair(fpm, launch_shared(site=site, COMPRESSION="off", **settings[1]))
        return started[name]

    return pair
