"""WordPress from Debian's package on a real MariaDB: installed through its own installer, then used
as its users do. Served with existing scripts beside a front controller (INDEX_SCRIPTS)."""

import os
import re
import shutil

import pytest

from harness.browser import Browser, hidden_field
from harness.chromium import Chromium
from harness.folders import write
from harness.forms import multipart
from harness.mariadb import MariaDB
from harness.pictures import png, png_size
from harness.tls import TlsSite
from harness.waiting import wait_until

PACKAGE = "/usr/share/wordpress"
USER, PASSWORD = "admin", "correct-horse-battery"

CONFIG = """<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', 'wordpress');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('AUTH_KEY', 'a'); define('SECURE_AUTH_KEY', 'b'); define('LOGGED_IN_KEY', 'c'); define('NONCE_KEY', 'd');
define('AUTH_SALT', 'e'); define('SECURE_AUTH_SALT', 'f'); define('LOGGED_IN_SALT', 'g'); define('NONCE_SALT', 'h');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_AUTO_UPDATE_CORE', false);
// The installer has written down where it was; inside TLS the site is elsewhere.
if (!empty($_SERVER['HTTPS'])) {{
    define('WP_HOME', 'https://' . $_SERVER['HTTP_HOST']);
    define('WP_SITEURL', WP_HOME);
}}
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {{
    define('ABSPATH', __DIR__ . '/');
}}
require_once ABSPATH . 'wp-settings.php';
"""


@pytest.fixture(scope="session")
def database():
    with MariaDB() as running:
        running.execute("CREATE USER wordpress@localhost IDENTIFIED BY 'wordpress';")
        yield running


def left_out(folder, names):
    """The package's configuration, and links to packages that are not there (copytree's own option
    takes all relative links for such)."""
    return [name for name in names if name == "wp-config.php" or not os.path.exists(os.path.join(folder, name))]


@pytest.fixture(scope="module")
def site(database, launch_shared):
    """The package's files with a configuration of our own, and an empty database."""
    database.execute(
        "DROP DATABASE IF EXISTS wordpress; CREATE DATABASE wordpress;"
        "GRANT ALL ON wordpress.* TO wordpress@localhost;"
    )
    root = os.path.join(launch_shared.folder(), "wordpress")
    shutil.copytree(PACKAGE, root, ignore=left_out)
    write(root, {"wp-config.php": CONFIG.format(socket=database.socket)})
    uploads = os.path.join(root, "wp-content", "uploads")
    os.makedirs(uploads)
    os.chmod(uploads, 0o777)
    return root


@pytest.fixture(scope="module")
def server(site, launch_shared):
    return launch_shared(
        site=site, INDEX_FILE="index.php", INDEX_SCRIPTS=1, PHP_DENY="/wp-content/uploads/*", PHP_WORKERS=3,
        PHP_INI_SET="upload_max_filesize=16M;post_max_size=20M",
    )  # fmt: skip


@pytest.fixture(scope="module")
def installed(server):
    """Walks through the installer."""
    visitor = Browser(server)
    page = visitor.get("/")
    assert page.target.startswith("/wp-admin/install.php"), page.text[:2000]
    if 'id="language"' in page.text:
        page = visitor.submit("/wp-admin/install.php?step=1", [("language", "")])
    done = visitor.submit(
        "/wp-admin/install.php?step=2",
        [
            ("weblog_title", "Howdah's wörd"), ("user_name", USER), ("admin_password", PASSWORD), ("admin_password2", PASSWORD),
            ("pw_weak", "on"), ("admin_email", "admin@example.org"), ("blog_public", "0"), ("Submit", "Install"), ("language", ""),
        ],
    )  # fmt: skip
    assert done.status == 200, done.text
    assert "wp-login.php" in done.text, done.text
    return server


def log_in(server, password=PASSWORD):
    browser = Browser(server)
    browser.get("/wp-login.php")
    page = browser.submit(
        "/wp-login.php",
        [("log", USER), ("pwd", password), ("wp-submit", "Log In"), ("redirect_to", browser.home + "/wp-admin/"), ("testcookie", "1")],
    )
    return browser, page


@pytest.fixture(scope="module")
def admin(installed):
    browser, page = log_in(installed)
    assert (page.status, page.target) == (200, "/wp-admin/"), page.text[:2000]
    assert any(name.startswith("wordpress_logged_in") for name in browser.cookies)
    return browser


@pytest.fixture(scope="module")
def api(admin):
    """Calls the REST API as the editor in the browser does."""
    nonce = admin.get("/wp-admin/admin-ajax.php?action=rest-nonce").text
    assert re.fullmatch("[0-9a-f]{10}", nonce)

    def call(route, body, headers):
        answer = admin.request("POST", f"/index.php?rest_route={route}", body, {**headers, "X-WP-Nonce": nonce})
        assert answer.status == 201, answer.text[:2000]
        return answer.json()

    return call


@pytest.fixture(scope="module")
def permalinks(admin):
    page = admin.get("/wp-admin/options-permalink.php")
    fields = [
        ("_wpnonce", hidden_field(page, "_wpnonce")), ("_wp_http_referer", "/wp-admin/options-permalink.php"),
        ("selection", "custom"), ("permalink_structure", "/%postname%/"), ("category_base", ""), ("tag_base", ""),
        ("submit", "Save Changes"),
    ]  # fmt: skip
    saved = admin.submit("/wp-admin/options-permalink.php", fields)
    assert saved.status == 200
    # What WordPress says about it depends on SERVER_SOFTWARE: anything but nginx and Apache is told to
    # update its .htaccess. What counts is what it has saved.
    assert "settings-updated=true" in saved.target
    page = admin.get("/wp-admin/options-permalink.php")
    assert hidden_field(page, "permalink_structure") == "/%postname%/"


@pytest.fixture(scope="module")
def published(api):
    body = b'{"title": "Hello from Howdah", "content": "<p>Carried on an elephant \xc3\xa4.</p>", "status": "publish"}'
    return api("/wp/v2/posts", body, {"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def picture(api):
    content = png(1200, 900)
    body, headers = multipart([("title", "A gradient")], [("file", "gradient.png", "image/png", content)])
    return api("/wp/v2/media", body, headers), content


def path_of(server, url):
    home = "http://%s:%d" % server.address
    assert url.startswith(home + "/"), url
    return url[len(home) :]


def test_the_installer_installs(installed):
    page = installed.get("/")
    assert page.status == 200
    assert "Howdah&#8217;s wörd" in page.text or "Howdah" in page.text


def test_the_installer_does_not_install_twice(installed):
    assert "already" in installed.get("/wp-admin/install.php").text.lower()


def test_a_wrong_password_does_not_log_in(installed):
    browser, page = log_in(installed, "wrong")
    assert page.target == "/wp-login.php"
    assert not any(name.startswith("wordpress_logged_in") for name in browser.cookies)


def test_the_dashboard_needs_a_login(installed):
    assert Browser(installed).get("/wp-admin/").target.startswith("/wp-login.php")


def test_the_dashboard_is_there_after_the_login(admin):
    page = admin.get("/wp-admin/")
    assert page.status == 200
    assert "Dashboard" in page.text and "wp-admin-bar" in page.text


@pytest.mark.parametrize(
    "target",
    [
        "/wp-admin/edit.php", "/wp-admin/upload.php", "/wp-admin/post-new.php", "/wp-admin/themes.php",
        "/wp-admin/options-general.php", "/wp-admin/users.php", "/wp-admin/profile.php",
    ],  # fmt: skip
)
def test_the_pages_of_the_administration_are_served(admin, target):
    page = admin.get(target)
    assert (page.status, page.target) == (200, target)
    assert "</html>" in page.text
    assert "Fatal error" not in page.text and "critical error" not in page.text


@pytest.mark.parametrize("target", ["/wp-admin/load-styles.php?c=0&load=dashicons,common", "/wp-admin/load-scripts.php?c=0&load=jquery-core,utils"])
def test_scripts_that_bundle_assets_run(admin, target):
    answer = admin.get(target)
    assert answer.status == 200
    assert len(answer.body) > 1000


def test_a_static_file_of_the_package_is_served(installed):
    answer = installed.get("/wp-includes/css/dashicons.min.css")
    assert answer.status == 200
    assert answer.header("Content-Type").startswith("text/css")


def test_a_published_post_is_read_under_its_pretty_permalink(installed, published, permalinks):
    page = installed.get("/hello-from-howdah/")
    assert page.status == 200
    assert "Hello from Howdah" in page.text
    assert "Carried on an elephant ä." in page.text


def test_the_front_page_links_to_the_post(installed, published, permalinks):
    assert "/hello-from-howdah/" in installed.get("/").text


def test_a_permalink_without_its_slash_leads_to_the_one_with(installed, published, permalinks):
    answer = Browser(installed).get("/hello-from-howdah", follow=False)
    assert (answer.status, path_of(installed, answer.header("Location"))) == (301, "/hello-from-howdah/")


def test_a_route_that_does_not_exist_is_wordpresss_404(installed, permalinks):
    page = installed.get("/no-such-post/")
    assert page.status == 404
    assert len(page.body) > 500


def test_feeds_and_the_api_are_served_under_pretty_routes(installed, published, permalinks):
    feed = installed.get("/feed/")
    assert feed.status == 200
    assert feed.header("Content-Type").startswith("application/rss+xml")
    assert "Hello from Howdah" in feed.text
    posts = installed.get("/wp-json/wp/v2/posts").json()
    assert "hello-from-howdah" in [post["slug"] for post in posts]


def test_an_uploaded_picture_has_its_thumbnails(installed, picture):
    media, content = picture
    full = installed.get(path_of(installed, media["source_url"]))
    assert (full.status, full.header("Content-Type"), full.body) == (200, "image/png", content)
    sizes = media["media_details"]["sizes"]
    assert {"thumbnail", "medium", "large"} <= sizes.keys()
    for name in ("thumbnail", "medium", "large"):
        answer = installed.get(path_of(installed, sizes[name]["source_url"]))
        assert (answer.status, answer.header("Content-Type")) == (200, "image/png")
        assert png_size(answer.body) == (sizes[name]["width"], sizes[name]["height"])


@pytest.mark.howdah_only("PHP_DENY")
def test_a_script_in_the_uploads_does_not_run(installed):
    write(installed.root, {"wp-content/uploads/evil.php": "<?php echo 'ran';"})
    os.chmod(os.path.join(installed.root, "wp-content/uploads"), 0o777)
    answer = installed.get("/wp-content/uploads/evil.php")
    assert (answer.status, "ran" in answer.text) == (404, False)


def test_a_comment_can_be_left(installed, published, permalinks):
    answer = Browser(installed).submit(
        "/wp-comments-post.php",
        [("comment", "A fine elephant."), ("author", "Ada"), ("email", "ada@example.org"), ("comment_post_ID", str(published["id"])), ("comment_parent", "0")],
        follow=False,
    )
    assert answer.status == 302, answer.text
    assert "/hello-from-howdah/" in answer.header("Location")


def test_the_background_jobs_script_runs(installed):
    assert installed.get("/wp-cron.php?doing_wp_cron").status == 200


def test_logging_out_ends_the_session(installed):
    browser, _ = log_in(installed)
    page = browser.get("/wp-admin/")
    link = re.search(r'href=["\']([^"\']*action=logout[^"\']*)', page.text).group(1).replace("&#038;", "&").replace("&amp;", "&")
    browser.get(path_of(installed, link))
    assert browser.get("/wp-admin/").target.startswith("/wp-login.php")


def assert_whole(page, chromium):
    """Everything the page asks for came from here by HTTP/2, and the browser has nothing to say."""
    home = page.evaluate("location.origin")
    assert home.startswith("https://")
    transfers = page.transfers()
    assert [entry for entry in transfers if not entry["name"].startswith(home + "/")] == []
    assert [entry for entry in transfers if (entry["protocol"], entry["status"]) != ("h2", 200)] == []
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    # Each style sheet has been read.
    assert page.evaluate("[...document.styleSheets].every(sheet => sheet.cssRules.length > 0)")
    assert chromium.complaints == []
    return transfers


@pytest.mark.howdah_only("TLS and HTTP/2")
def test_a_browser_inside_tls(installed, database, launch, authority, site):
    """The front page, the login and the dashboard with all assets by https: no mixed content, no complaint."""
    # Pictures of people come from another host.
    database.execute("UPDATE wordpress.wp_options SET option_value = '0' WHERE option_name = 'show_avatars';")
    tls = TlsSite(launch, authority, site=site, INDEX_FILE="index.php", INDEX_SCRIPTS=1, PHP_WORKERS=3)
    home = "https://%s:%d" % tls.address
    with Chromium(tls.pairs[0]) as chromium:
        page = chromium.page()
        page.watch_console()
        page.open(home + "/")
        assert "Howdah" in page.evaluate("document.title")
        assert_whole(page, chromium)
        page.open(home + "/wp-login.php")
        assert len(assert_whole(page, chromium)) > 5
        page.evaluate(f"document.querySelector('#user_login').value = '{USER}'")
        page.evaluate(f"document.querySelector('#user_pass').value = '{PASSWORD}'")
        page.click("#wp-submit")
        assert page.evaluate("location.href") == home + "/wp-admin/"
        assert page.evaluate("document.querySelector('#wpadminbar') !== null")
        assert_whole(page, chromium)
        # The page's scripts run: a panel slides open.
        page.evaluate("document.querySelector('#show-settings-link').click()")
        wait_until(
            lambda: page.evaluate("document.querySelector('#show-settings-link').ariaExpanded") == "true", "the panel"
        )
        assert chromium.complaints == []


def test_nothing_went_wrong_in_the_log(installed, published, picture, permalinks):
    if installed.kind != "howdah":
        pytest.skip("reads Howdah's log")
    bad = [line for line in installed.log.json_lines() if line["type"] == "error" and "PHP Fatal" in line["msg"]]
    assert bad == []
