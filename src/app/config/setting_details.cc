// What docs/configuration.md says of settings beyond the line that --help has room for. Beside the
// table of settings.cc, because that one is read as a table.

#include <algorithm>
#include <iterator>

#include "app/config/settings_page.h"

namespace howdah::app {
namespace {

struct Detail {
  std::string_view setting;
  std::string_view text;  // whole sentences
};

constexpr Detail kDetails[] = {
    {"LISTEN_ADDR",
     "Each speaks HTTP/1.1 and HTTP/2 by prior knowledge. `:port` is both families; a socket's "
     "file "
     "gets the mode that is given. With TLS_CERT and no TLS_LISTEN_ADDR these speak TLS."},
    {"TLS_LISTEN_ADDR", "HTTPS beside HTTP. Needs TLS_CERT and TLS_KEY."},
    {"TLS_CERT",
     "The leaf first, then what it needs up to a root; the name that a client asks for chooses "
     "among "
     "several. Re-read when the files change. See [tls.md](tls.md)."},
    {"TLS_KEY", "In the order of TLS_CERT. Only the parent process reads them."},
    {"TLS_REDIRECT", "Needs TLS_LISTEN_ADDR beside LISTEN_ADDR."},
    {"INTERNAL_ADDR",
     "Not for the public: it shows what runs. /health/live, /health/ready, /health/startup, "
     "/metrics, "
     "/workers, /config, and a page at /."},
    {"INTERNAL_TOKEN",
     "Unset: POST /reload and POST /workers/restart are for clients of this machine."},
    {"CONTROL_SOCKET", "Its mode is 0600. `howdah reload` asks there too."},
    {"DOCUMENT_ROOT",
     "Resolved again at each reload: a link `current` that points at a release can be switched. "
     "`howdah serve DIR` sets it to DIR, or to DIR/public when that has an index.php."},
    {"INDEX_FILE",
     "`index.php`: all that is no static file goes to it, and other scripts do not run. "
     "`index.html`: "
     "it is the answer where there is no file. See [static_files.md](static_files.md)."},
    {"INDEX_SCRIPTS", "For WordPress, Drupal, MediaWiki. Indexes of directories count too."},
    {"PHP_DENY", "Such a request is answered 404. For folders that visitors can write to."},
    {"FOLLOW_SYMLINKS", "`0` needs openat2() (Linux 5.6), and says so where there is none."},
    {"SENDFILE_ROOT", "X-Sendfile may name files in it and in DOCUMENT_ROOT."},
    {"PHP_WORKERS",
     "Of the pool that runs scripts once per request; in thread mode PHP_HOSTS processes share "
     "them. "
     "See [workers.md](workers.md)."},
    {"PHP_WORKERS_MAX",
     "While requests wait and a CPU is free; idle ones go again. The default is PHP_WORKERS when "
     "that "
     "is set, else 2 x CPUs, and 4 at least."},
    {"PHP_MAX_REQUESTS", "With some jitter, so that not all go at once."},
    {"PHP_MAX_MEMORY", "Its anonymous memory: what it does not share."},
    {"PHP_INI", "Without it libphp looks where the distribution puts it."},
    {"PHP_INI_SET", "See [production.md](production.md)."},
    {"PHP_SAPI_NAME", "OPcache only runs under a name on its list. `cli-server` is tokio_php's."},
    {"USE_EXT", "Not together with WORKER_SCRIPT."},
    {"USE_STUB", "Needs no worker program. Static files are served."},
    {"PHP_HOSTS", "See [thread_mode.md](thread_mode.md)."},
    {"RUN_AS", "Ignored, with a notice, when not started as root."},
    {"FRONT_USER", "It has RUN_AS's group, so that it can read the site."},
    {"SECCOMP", "`0` where a sanitizer or a tracer needs calls that the filter does not know."},
    {"QUEUE_CAPACITY", "Of each pool. Full: 503 with `Retry-After: 1`."},
    {"REQUEST_TIMEOUT",
     "The script is interrupted, and its worker replaced when it does not come back within 2 s. "
     "Ends at finish_request; on an event stream each flush starts it again. A worker script has "
     "as long again between two requests. See [time.md](time.md)."},
    {"MAX_BODY_SIZE", "Known from Content-Length before a byte of it is read."},
    {"HEADER_TIMEOUT_SECS", "408, and the connection ends."},
    {"BODY_TIMEOUT",
     "And after it at least 500 bytes a second on average. 408; PHP never sees a cut body."},
    {"IDLE_TIMEOUT_SECS", "Also the longest silence on a new connection."},
    {"WRITE_TIMEOUT", "Of an answer that waits for it."},
    {"MAX_CONNECTIONS", "The limit is raised to the hard one at the start."},
    {"MAX_CONNECTIONS_PER_IP", "More are answered 429 and closed. IPv6 counts by /64."},
    {"SPOOL_DIR", "Unlinked files: nothing is left behind. /tmp without TMPDIR."},
    {"SPOOL_MAX", "Past it, and on a full disk, a request that needs more is answered 503."},
    {"DRAIN_TIMEOUT_SECS", "What is left then is cut. A second signal ends at once."},
    {"RELOAD_DRAIN", "Streams and background work of the old workers; then they are ended."},
    {"RATE_LIMIT", "IPv6 counts by /64. More are answered 429 with Retry-After."},
    {"RATE_LIMIT_STORE", "The URL may hold a password."},
    {"TRUSTED_PROXIES",
     "X-Forwarded-For, -Proto, -Host and the PROXY protocol. `unix` is whoever connects by a "
     "socket's "
     "file. From anybody else these are plain headers."},
    {"STATIC_CACHE_TTL", "ETag and Last-Modified stay in any case."},
    {"STATIC_CACHE_SIZE", "0: no file is encoded."},
    {"RESPONSE_HEADERS", "A script's own header of that name wins."},
    {"COMPRESSION", "Of what PHP makes and of static files."},
    {"ERROR_PAGES_DIR",
     "For 4xx and 5xx answers without a body, the server's own and PHP's, when the client names "
     "text/html in Accept; others are told in plain text. All files together: 1 MiB. Examples are "
     "in "
     "examples/errors."},
    {"WATCH_IGNORE", "See [development.md](development.md)."},
    {"OTEL_EXPORTER_OTLP_ENDPOINT",
     "`/v1/traces` is put behind its path. Unset: none. See [tracing.md](tracing.md)."},
    {"OTEL_EXPORTER_OTLP_HEADERS", "Such as a key. PHP's environment has it too."},
    {"OTEL_TRACES_SAMPLER_ARG", "Of a trace that is continued the caller decides."},
    {"ACCESS_LOG", "See [operations.md](operations.md#logs) for its fields."},
    {"LOG_LEVEL",
     "PSR-3 names and `trace` are mapped onto the four. It does not concern the access log."},
    {"LOG_FILE", "Reopened on SIGUSR1, for logrotate."},
    {"WORKER_SCRIPT", "Paths are relative to DOCUMENT_ROOT. See [worker_mode.md](worker_mode.md)."},
    {"WORKER_MATCH",
     "`*` stays inside a segment; `/x/*` is /x and all below it. Static files win."},
    {"WORKER_WATCH", "See [development.md](development.md)."},
    {"WORKER_MAX_FAILURES", "Before the first success; afterwards it backs off and tries on."},
    {"WORKER_MODE",
     "snapshot needs a PHP without thread safety. See [snapshot_mode.md](snapshot_mode.md)."},
    {"SNAPSHOT_READY", "For WORKER_MODE=snapshot."},
};

}  // namespace

std::string_view detail_of(std::string_view setting) {
  auto found = std::ranges::find(kDetails, setting, &Detail::setting);
  return found == std::end(kDetails) ? std::string_view() : found->text;
}

size_t detail_count() { return std::size(kDetails); }

}  // namespace howdah::app
