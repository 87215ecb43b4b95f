"""DokuWiki from Debian's package: flat files, and pages under PATH_INFO routes (doku.php/page)."""

import glob
import os
import shutil

import pytest

from harness.browser import Browser, hidden_field
from harness.folders import write

PROGRAM = "/usr/share/dokuwiki"
SETTINGS = "/etc/dokuwiki"
DATA = ("attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp")


@pytest.fixture(scope="module")
def server(launch_shared):
    folder = launch_shared.folder()
    root, data, conf = (os.path.join(folder, name) for name in ("wiki", "data", "conf"))
    shutil.copytree(PROGRAM, root, ignore_dangling_symlinks=True)
    os.mkdir(conf)
    for path in glob.glob(f"{SETTINGS}/*"):
        if os.path.isfile(path) and not os.path.islink(path):
            shutil.copy(path, conf)
    for name in ("", *DATA):
        os.makedirs(os.path.join(data, name), exist_ok=True)
        os.chmod(os.path.join(data, name), 0o777)
    settings = f"$conf['savedir'] = '{data}'; $conf['title'] = 'Carried'; $conf['useacl'] = 0; $conf['updatecheck'] = 0;"
    settings += "$conf['userewrite'] = 2; $conf['send404'] = 1;"
    write(conf, {"local.php": f"<?php {settings}\n"})
    with open(f"{root}/inc/preload.php") as file:
        preload = file.read().removeprefix("<?php")
    write(root, {"inc/preload.php": f"<?php define('DOKU_MAIN_CONF', '{conf}/'); define('DOKU_CONF', '{conf}/');{preload}"})
    # The package is older than PHP 8.4 and shows what that version deprecates.
    return launch_shared(site=root, PHP_INI_SET="error_reporting=E_ERROR;include_path=.:/usr/share/php")


def edit(server, page, text):
    browser = Browser(server)
    form = browser.get(f"/doku.php/{page}?do=edit")
    assert form.status == 200, form.text[:2000]
    fields = [(name, hidden_field(form, name)) for name in ("sectok", "id", "rev", "date", "changecheck", "target")]
    fields += [("prefix", "."), ("suffix", ""), ("wikitext", text), ("summary", "a test"), ("do[save]", "Save")]
    return browser.submit(f"/doku.php/{page}", fields)


def test_the_root_leads_to_the_start_page(server):
    edit(server, "start", "The first page\n")
    page = Browser(server).get("/")
    assert (page.status, page.target) == (200, "/doku.php/start")
    assert "Carried" in page.text and "The first page" in page.text


def test_a_page_that_does_not_exist_is_404_with_a_page(server):
    page = server.get("/doku.php/no:such:page")
    assert page.status == 404
    assert "does not exist yet" in page.text


def test_a_page_is_written_and_read_back_under_its_path(server):
    saved = edit(server, "animals:elephant", "====== Elephant ======\nCarries a **howdah** with [[animals:mahout]]. äöü\n")
    assert saved.status == 200, saved.text[:2000]
    page = server.get("/doku.php/animals:elephant")
    assert page.status == 200
    assert '<h1 class="sectionedit1" id="elephant">Elephant</h1>' in page.text
    assert "<strong>howdah</strong>" in page.text and "äöü" in page.text
    assert "/doku.php/animals:mahout" in page.text


def test_a_page_is_edited_and_keeps_its_history(server):
    edit(server, "animals:camel", "First version\n")
    edit(server, "animals:camel", "Second version\n")
    assert "Second version" in server.get("/doku.php/animals:camel").text
    revisions = server.get("/doku.php/animals:camel?do=revisions")
    assert revisions.status == 200
    assert "a test" in revisions.text


def test_the_raw_text_is_exported(server):
    edit(server, "raw", "plain  text\n")
    answer = server.get("/doku.php/raw?do=export_raw")
    assert (answer.text.strip(), answer.header("Content-Type").split(";")[0]) == ("plain  text", "text/plain")


@pytest.mark.parametrize(
    "target, content_type",
    [
        ("/lib/exe/css.php?t=dokuwiki&tseed=1", "text/css"),
        ("/lib/exe/js.php?t=dokuwiki&tseed=1", "application/javascript"),
        ("/lib/images/smileys/biggrin.svg", "image/svg+xml"),
        ("/lib/images/error.png", "image/png"),
        ("/feed.php", "application/xml"),
    ],
)
def test_assets_are_served_by_script_and_as_files(server, target, content_type):
    answer = server.get(target)
    assert answer.status == 200, answer.text[:500]
    assert answer.header("Content-Type").split(";")[0] == content_type
    assert answer.body


def test_an_ajax_call_is_answered(server):
    answer = server.post("/lib/exe/ajax.php", b"call=qsearch&q=animals", {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200
