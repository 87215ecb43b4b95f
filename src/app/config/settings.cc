#include "app/config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "app/config/units.h"
#include "app/config/values.h"
#include "app/config/worker_scripts.h"

namespace howdah::app {
namespace {

constexpr auto kReload = Effective::kReload;
constexpr auto kRestart = Effective::kRestart;
constexpr auto kSecret = Secrecy::kSecret;
constexpr auto kPublic = Secrecy::kPublic;
constexpr auto kHidden = Secrecy::kHidden;

// A head in CGI form takes up to twice its size of a channel slot (channel/limits.h).
constexpr uint64_t kSmallestHead = 1 << 10;
constexpr uint64_t kLargestHead = 80 << 10;
constexpr uint32_t kMostWorkers = 1024;  // channel::kMaxWorkers
constexpr uint32_t kMostLoops = 32;      // channel::kMaxLoops
constexpr uint32_t kMostHosts = 64;      // of howdah-php --hosts
constexpr uint32_t kMostQueued = 1'000'000;

constexpr std::string_view kAddressList =
    "a comma list of IPv4:port, [IPv6]:port, :port, name:port, unix:/path?mode=0660";
constexpr std::string_view kOneAddress =
    "one of IPv4:port, [IPv6]:port, :port, name:port, unix:/path?mode=0660";

constexpr std::string_view kPairs = "name=value,name=value, with %XX for other bytes";

using C = Config;
// name, section, default, help, kind, effective, secrecy
const Setting kSettings[] = {
    {"LISTEN_ADDR", Section::kAddresses, "0.0.0.0:8080",
     "addresses that answer HTTP/1.1 and HTTP/2", CustomKind{kAddressList, parse_listen}},
    {"TLS_LISTEN_ADDR", Section::kAddresses, "", "addresses that answer HTTPS",
     CustomKind{kAddressList, parse_tls_listen}},
    {"TLS_CERT", Section::kAddresses, "", "certificate chains (PEM), a comma list for SNI",
     TextKind{&C::tls_cert, "a comma list of PEM files, as many as in TLS_KEY"}, kReload},
    {"TLS_KEY", Section::kAddresses, "", "their private keys (PEM), as many",
     TextKind{&C::tls_key, "a comma list of PEM files, as many as in TLS_CERT"}, kReload},
    {"TLS_REDIRECT", Section::kAddresses, "0", "HTTP answers 308 to HTTPS",
     BooleanKind{&C::tls_redirect}, kReload},
    {"INTERNAL_ADDR", Section::kAddresses, "", "address of the internal server: health, metrics",
     CustomKind{kOneAddress, parse_internal_addr}},
    {"INTERNAL_TOKEN", Section::kAddresses, "", "bearer token that POSTs to it must carry",
     TextKind{&C::internal_token}, kReload, kSecret},
    {"CONTROL_SOCKET", Section::kAddresses, "",
     "for `howdah status`; in /run/howdah, else $XDG_RUNTIME_DIR/howdah",
     TextKind{&C::control_socket, "a path that a socket can be made at"}},

    {"DOCUMENT_ROOT", Section::kSite, "/var/www/html", "web root",
     TextKind{&C::document_root, "a directory"}, kReload},
    {"INDEX_FILE", Section::kSite, "", "single entry point: a front controller, or a fallback file",
     TextKind{&C::index_file, "a file in DOCUMENT_ROOT"}, kReload},
    {"INDEX_SCRIPTS", Section::kSite, "0", "beside INDEX_FILE=*.php, existing scripts run too",
     BooleanKind{&C::index_scripts}, kReload},
    {"PHP_DENY", Section::kSite, "", "path patterns under which nothing runs as PHP",
     CustomKind{"a comma list of patterns such as /uploads/*", parse_php_deny}, kReload},
    {"FOLLOW_SYMLINKS", Section::kSite, "1", "symlinks may leave DOCUMENT_ROOT and SENDFILE_ROOT",
     BooleanKind{&C::follow_symlinks}, kReload},
    {"SENDFILE_ROOT", Section::kSite, "", "where X-Accel-Redirect points; DOCUMENT_ROOT",
     TextKind{&C::sendfile_root, "a directory"}, kReload},

    {"PHP_WORKERS", Section::kPhp, "0", "PHP workers; 0 = CPUs that this process may use",
     IntegerKind{&C::php_workers, 0, kMostWorkers}, kReload},
    {"PHP_WORKERS_MAX", Section::kPhp, "", "grow up to this many; PHP_WORKERS, else 2 x CPUs",
     IntegerKind{&C::php_workers_max, 1, kMostWorkers}, kReload},
    {"PHP_MAX_REQUESTS", Section::kPhp, "0", "recycle a worker after so many requests; 0 = never",
     IntegerKind{&C::php_max_requests}, kReload},
    {"PHP_MAX_MEMORY", Section::kPhp, "off", "recycle a worker whose own memory passes this",
     SizeKind{&C::php_max_memory}, kReload},
    {"HOWDAH_PHP", Section::kPhp, "", "the worker program; found beside this program",
     TextKind{&C::php_program, "an executable file"}, kReload},
    {"PHP_INI", Section::kPhp, "", "php.ini to use; the distribution's",
     TextKind{&C::php_ini, "a readable file"}, kReload},
    {"PHP_INI_SET", Section::kPhp, "", "settings that win over php.ini",
     CustomKind{"name=value;name=value", parse_ini_set}, kReload},
    {"PHP_SAPI_NAME", Section::kPhp, "fpm-fcgi", "what PHP_SAPI says",
     CustomKind{kSapiNames, parse_sapi_name}},
    {"USE_EXT", Section::kPhp, "1", "0 = without the server's PHP functions",
     BooleanKind{&C::use_ext}},
    {"USE_STUB", Section::kPhp, "0", "no PHP: empty answers, to measure the front alone",
     BooleanKind{&C::use_stub}},

    {"PHP_HOSTS", Section::kProcesses, "1", "thread mode: processes that share the workers",
     IntegerKind{&C::php_hosts, 1, kMostHosts}, kReload},
    {"FRONT_THREADS", Section::kProcesses, "0",
     "event loop threads; 0 = 1 up to 4 CPUs, then CPUs/4",
     IntegerKind{&C::front_threads, 0, kMostLoops}},
    {"RUN_AS", Section::kProcesses, "www-data", "as root: the user PHP runs as",
     TextKind{&C::run_as_name, "the name of a user"}},
    {"FRONT_USER", Section::kProcesses, "", "as root: the front's user; howdah, else RUN_AS",
     TextKind{&C::front_user_name, "the name of a user"}},
    {"SECCOMP", Section::kProcesses, "1", "system call filter of the front",
     BooleanKind{&C::seccomp}},

    {"QUEUE_CAPACITY", Section::kLimits, "0",
     "requests that may wait for a worker; 0 = workers x 100",
     IntegerKind{&C::queue_capacity, 0, kMostQueued}, kReload},
    {"QUEUE_TIMEOUT", Section::kLimits, "off", "longest wait in the queue, then 503",
     DurationKind{&C::queue_timeout}, kReload},
    {"REQUEST_TIMEOUT", Section::kLimits, "2m", "from the queue to the end of the script; 504",
     DurationKind{&C::request_timeout}, kReload},
    {"MAX_BODY_SIZE", Section::kLimits, "128m", "larger request bodies are answered 413",
     SizeKind{&C::max_body_size}, kReload},
    {"MAX_HEADER_SIZE", Section::kLimits, "64k", "larger request heads are answered 431 or 414",
     SizeKind{&C::max_header_size, kSmallestHead, kLargestHead}, kReload},
    {"HEADER_TIMEOUT_SECS", Section::kLimits, "5", "longest time for a request head",
     DurationKind{&C::header_timeout}, kReload},
    {"BODY_TIMEOUT", Section::kLimits, "30s", "longest gap between bytes of a request body",
     DurationKind{&C::body_timeout}, kReload},
    {"IDLE_TIMEOUT_SECS", Section::kLimits, "60", "keep-alive; 0 = no keep-alive",
     OptionalDurationKind{&C::idle_timeout}, kReload},
    {"WRITE_TIMEOUT", Section::kLimits, "60s", "longest gap in which a client takes no byte",
     DurationKind{&C::write_timeout}, kReload},
    {"MAX_CONNECTIONS", Section::kLimits, "", "connections at a time; from the descriptor limit",
     IntegerKind{&C::max_connections, 1}, kReload},
    {"MAX_CONNECTIONS_PER_IP", Section::kLimits, "off", "connections of one client address",
     CustomKind{"off, or an integer from 1", parse_connections_per_ip}, kReload},
    {"SPOOL_DIR", Section::kLimits, "", "for bodies that outgrow memory; $TMPDIR",
     TextKind{&C::spool_dir, "a directory that can be written"}, kReload},
    {"SPOOL_MAX", Section::kLimits, "2g", "bytes all of them may take", SizeKind{&C::spool_max},
     kReload},
    {"DRAIN_TIMEOUT_SECS", Section::kLimits, "30", "graceful shutdown; 0 cuts at once",
     OptionalDurationKind{&C::drain_timeout}, kReload},
    {"RELOAD_DRAIN", Section::kLimits, "5m", "how long an old generation may finish",
     DurationKind{&C::reload_drain}, kReload},
    {"RATE_LIMIT", Section::kLimits, "0", "requests per client and window; 0 = off",
     IntegerKind{&C::rate_limit}, kReload},
    {"RATE_WINDOW", Section::kLimits, "60", "that window (seconds)",
     CustomKind{"a duration of more than 0, such as 60 or 1m", parse_rate_window}, kReload},
    {"RATE_LIMIT_STORE", Section::kLimits, "memory", "memory, or a Redis that machines share",
     CustomKind{"memory, redis://[user:pass@]host:port/db or rediss://", parse_rate_store},
     kRestart, kSecret},
    {"TRUSTED_PROXIES", Section::kLimits, "", "whose X-Forwarded-* and PROXY headers are believed",
     CustomKind{"a comma list of addresses, networks (10.0.0.0/8) and unix", parse_proxies},
     kReload},

    {"STATIC_CACHE_TTL", Section::kAnswers, "1d", "max-age of static files; off = no Cache-Control",
     DurationKind{&C::static_cache_ttl}, kReload},
    {"STATIC_CACHE_SIZE", Section::kAnswers, "64m", "cache of encoded static bodies",
     SizeKind{&C::static_cache_size}, kReload},
    {"RESPONSE_HEADERS", Section::kAnswers, "", "added to every answer that lacks them",
     CustomKind{"Name: value;Name: value, no name about framing", parse_headers}, kReload},
    {"COMPRESSION", Section::kAnswers, "br,zstd,gzip", "encodings in order of preference",
     CustomKind{"off, or a comma list of br, zstd, gzip", parse_compression}, kReload},
    {"ERROR_PAGES_DIR", Section::kAnswers, "", "directory of NNN.html",
     TextKind{&C::error_pages_dir, "a directory"}, kReload},

    {"WATCH_IGNORE", Section::kOperations, "", "what --watch leaves out, below DIR",
     CustomKind{"a comma list of globs such as cache/**", parse_watch_ignore}, kReload},
    {"WATCH_POLL", Section::kOperations, "off",
     "look for changes so often; off = where inotify is blind", DurationKind{&C::watch_poll},
     kReload},
    {"SLOW_REQUEST", Section::kOperations, "off", "log the PHP stack of slower requests",
     DurationKind{&C::slow_request}, kReload},
    {"PROFILE", Section::kOperations, "0", "answer X-Profile: 1 with timing headers",
     BooleanKind{&C::profile}, kReload},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", Section::kOperations, "", "where spans are sent, by OTLP/HTTP",
     CustomKind{"http://host:port or https://host:port, with a path or none", parse_otlp_endpoint}},
    {"OTEL_EXPORTER_OTLP_HEADERS", Section::kOperations, "", "header fields that go with them",
     CustomKind{kPairs, parse_otlp_headers}, kRestart, kHidden},
    {"OTEL_EXPORTER_OTLP_CERTIFICATE", Section::kOperations, "",
     "authorities of its certificate (PEM); the system's",
     TextKind{&C::otlp_certificate, "a readable file"}},
    {"OTEL_SERVICE_NAME", Section::kOperations, "", "the service's name in spans; SERVICE_NAME",
     CustomKind{"up to 128 printable characters", parse_otel_service_name}},
    {"OTEL_RESOURCE_ATTRIBUTES", Section::kOperations, "", "what else is said of the service",
     CustomKind{kPairs, parse_otel_resource}},
    {"OTEL_TRACES_SAMPLER_ARG", Section::kOperations, "",
     "share of traces that begin here to be sampled; 1",
     CustomKind{"a number from 0 to 1", parse_trace_ratio}},

    {"ACCESS_LOG", Section::kLogs, "0", "a log line for each request", BooleanKind{&C::access_log},
     kReload},
    {"LOG_LEVEL", Section::kLogs, "info", "the least important lines that are written",
     CustomKind{"debug, info, warn, error, or a PSR-3 name", parse_log_level}, kReload},
    {"LOG_FORMAT", Section::kLogs, "auto", "auto = text on a terminal, else json",
     CustomKind{"json, text, auto", parse_log_format}},
    {"LOG_FILE", Section::kLogs, "", "file to append to; standard output",
     TextKind{&C::log_file, "a path that can be opened for appending"}},
    {"SERVICE_NAME", Section::kLogs, "howdah", "ctx.service of every log line",
     CustomKind{"up to 128 printable characters", parse_service_name}},

    {"WORKER_SCRIPT", Section::kWorkers, "", "script that takes many requests in one run",
     CustomKind{"files, separated by ;", parse_worker_script}},
    {"WORKER_NUM", Section::kWorkers, "", "its workers; 0 = CPUs that this process may use",
     CustomKind{"an integer from 0 to 1024 for each script, separated by ;", parse_worker_num},
     kReload},
    {"WORKER_MATCH", Section::kWorkers, "/*", "paths that it takes; !/path/* excludes",
     CustomKind{"a comma list of patterns such as /api/* for each script, separated by ;",
                parse_worker_match},
     kReload},
    {"WORKER_ENV", Section::kWorkers, "", "what it finds in its environment besides",
     CustomKind{"NAME=value,NAME=value for each script, separated by ;", parse_worker_env},
     kReload},
    {"WORKER_WATCH", Section::kWorkers, "off", "files whose change restarts it",
     CustomKind{"off, or a comma list of globs, for each script, separated by ;",
                parse_worker_watch},
     kReload},
    {"WORKER_MAX_FAILURES", Section::kWorkers, "6", "failed starts before giving up; -1 = never",
     CustomKind{"-1, or an integer from 0, for each script, separated by ;",
                parse_worker_max_failures},
     kReload},
    {"WORKER_MODE", Section::kWorkers, "loop", "loop, or snapshot: a fork for each request",
     CustomKind{"loop or snapshot for each script, separated by ;", parse_worker_mode}},
    {"SNAPSHOT_READY", Section::kWorkers, "2", "forks kept ready",
     CustomKind{"an integer from 1 to 64 for each script, separated by ;", parse_snapshot_ready},
     kReload},
};

std::string accepted_of(const DurationKind&) {
  return "an integer plus ms, s, m, h, d, w or y (bare = seconds), or off";
}
std::string accepted_of(const OptionalDurationKind&) { return accepted_of(DurationKind{}); }
std::string accepted_of(const SizeKind& kind) {
  if (kind.min > 0) {
    return fmt::format("a size from {} to {}", format_size(kind.min), format_size(kind.max));
  }
  return "an integer plus k, m or g (bare = bytes), or off";
}
std::string accepted_of(const BooleanKind&) { return "1 true on yes, or 0 false off no"; }
std::string accepted_of(const IntegerKind& kind) {
  if (kind.max == INT32_MAX) return fmt::format("an integer from {}", kind.min);
  return fmt::format("an integer from {} to {}", kind.min, kind.max);
}
std::string accepted_of(const TextKind& kind) { return std::string(kind.accepted); }
std::string accepted_of(const CustomKind& kind) { return std::string(kind.accepted); }

template <class T, class Member>
void put(Config& config, Member member, T value) {
  if (member != nullptr) config.*member = value;
}

std::string apply(const DurationKind& kind, std::string_view text, Config& config) {
  auto duration = parse_duration(text);
  if (!duration) return "not a duration";
  put(config, kind.member, duration->value);
  return "";
}

std::string apply(const OptionalDurationKind& kind, std::string_view text, Config& config) {
  auto duration = parse_duration(text);
  if (!duration) return "not a duration";
  put(config, kind.member, duration->off ? std::nullopt : std::optional(duration->value));
  return "";
}

std::string apply(const SizeKind& kind, std::string_view text, Config& config) {
  auto size = parse_size(text);
  if (!size) return "not a size";
  if (*size < kind.min || *size > kind.max) return "out of range";
  put(config, kind.member, *size);
  return "";
}

std::string apply(const BooleanKind& kind, std::string_view text, Config& config) {
  auto value = parse_boolean(text);
  if (!value) return "not a boolean";
  put(config, kind.member, *value);
  return "";
}

std::string apply(const IntegerKind& kind, std::string_view text, Config& config) {
  // An empty default stands for one that is worked out later.
  if (text.empty()) return "";
  auto value = parse_integer(text);
  if (!value) return "not an integer";
  if (*value < kind.min || *value > kind.max) return "out of range";
  put(config, kind.member, static_cast<uint32_t>(*value));
  return "";
}

std::string apply(const TextKind& kind, std::string_view text, Config& config) {
  if (text.find('\0') != std::string_view::npos) return "holds a NUL byte";
  put(config, kind.member, std::string(text));
  return "";
}

std::string apply(const CustomKind& kind, std::string_view text, Config& config) {
  return kind.parse(text, config);
}

}  // namespace

std::string_view name_of(Section section) {
  switch (section) {
    case Section::kAddresses:
      return "Addresses";
    case Section::kSite:
      return "Site";
    case Section::kPhp:
      return "PHP";
    case Section::kProcesses:
      return "Processes";
    case Section::kLimits:
      return "Limits";
    case Section::kAnswers:
      return "Answers";
    case Section::kOperations:
      return "Operations";
    case Section::kLogs:
      return "Logs";
    case Section::kWorkers:
      return "Worker mode";
  }
  return "";
}

std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "the default";
    case Origin::kServe:
      return "howdah serve";
    case Origin::kEnvFile:
      return "the env-file";
    case Origin::kEnvironment:
      return "the environment";
    case Origin::kFlag:
      return "the command line";
  }
  return "";
}

std::string Setting::flag() const {
  std::string flag = "--";
  std::string_view rest = name;
  if (rest.starts_with("HOWDAH_")) rest.remove_prefix(7);
  for (char c : rest) {
    flag += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return flag;
}

std::string Setting::accepted() const {
  return std::visit([](const auto& k) { return accepted_of(k); }, kind);
}

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
  auto found = std::ranges::find(kSettings, name, &Setting::name);
  return found == std::end(kSettings) ? nullptr : &*found;
}

std::string apply_setting(const Setting& setting, std::string_view text, Config& config) {
  return std::visit([&](const auto& k) { return apply(k, text, config); }, setting.kind);
}

}  // namespace howdah::app
