#pragma once

// What the server is told to do, as plain typed values: the result of all sources of settings.
//
// Which setting becomes which member, with its default and what it accepts, stands in the table of
// settings.cc and nowhere else. load.h makes a Config; nothing changes it afterwards. A reload
// makes another, which takes its place as a whole.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config/inherited.h"
#include "base/clock.h"
#include "base/content_coding.h"
#include "base/log.h"
#include "net/ip_address.h"
#include "serve/error_pages.h"

namespace howdah::app {

// Where a value came from, weakest first.
enum class Origin {
  kDefault,      // built in
  kServe,        // `howdah serve DIR` chose it
  kEnvFile,      // --env-file
  kEnvironment,  // the process environment
  kFlag,         // the command line
};

enum class LogFormat {
  kAuto,  // text on a terminal, else JSON
  kJson,
  kText,
};

// A user and the groups that go with it.
struct Identity {
  std::string user;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;  // as the user database has it
};

enum class WorkerMode {
  kLoop,      // one run of the script takes one request after the other
  kSnapshot,  // each request is taken by a fork of the script that has started
};

// A script of WORKER_SCRIPT with its entries of the other WORKER_ settings.
struct WorkerScript {
  std::string given;  // as WORKER_SCRIPT has it; also the name of its pool
  std::string path;   // absolute
  std::string name;   // its path below DOCUMENT_ROOT, with a slash; empty when it lies elsewhere
  uint32_t num = 0;   // its workers; resolved: never 0
  uint32_t queue_capacity = 0;               // of its pool; resolved: never 0
  std::vector<std::string> match = {"/*"};   // patterns; "!" excludes
  std::vector<std::string> environment;      // "NAME=value", beside PHP's
  std::string watch;                         // empty = off
  std::optional<uint32_t> max_failures = 6;  // empty = it never gives up
  WorkerMode mode = WorkerMode::kLoop;
  uint32_t snapshot_ready = 2;
};

// One setting as it was found, for `howdah check` and /config.
struct FoundSetting {
  std::string name;
  std::string text;  // as given
  Origin origin = Origin::kDefault;
};

// Times and sizes are 0 for "no limit", unless the member says otherwise.
struct Config {
  // Addresses
  std::vector<std::string> listen;      // entries of LISTEN_ADDR that answer plain HTTP
  std::vector<std::string> tls_listen;  // those that answer HTTPS, whichever setting named them
  std::string tls_cert;                 // comma list of PEM files; empty = no TLS
  std::string tls_key;                  // as many
  bool tls_redirect = false;
  std::string internal_addr;   // empty = no internal server
  std::string internal_token;  // empty = a POST to it must come from this machine
  std::string control_socket;  // empty = none can be made
  std::vector<InheritedSocket> inherited;

  // Site
  std::string document_root;
  std::string index_file;
  bool index_scripts = false;
  std::vector<std::string> php_deny;

  // PHP
  uint32_t cpus = 0;             // that this process may use
  uint32_t php_workers = 0;      // resolved: never 0
  uint32_t php_workers_max = 0;  // resolved: at least php_workers
  uint32_t php_hosts = 1;        // at most; processes that worker threads are in
  uint32_t php_max_requests = 0;
  uint64_t php_max_memory = 0;
  std::string php_program;
  std::string php_ini;  // empty = libphp looks for it
  std::vector<std::string> php_ini_set;
  std::string php_sapi_name;
  bool use_ext = true;
  bool use_stub = false;  // no PHP at all

  // Worker mode: the pools beside the classic one
  std::vector<WorkerScript> worker_scripts;
  bool classic_pool = true;  // resolved: scripts that are run once a request have workers

  // Processes
  bool seccomp = true;         // the front's system call filter
  uint32_t front_threads = 0;  // resolved: never 0
  std::string run_as_name;
  std::string front_user_name;
  std::optional<Identity> run_as;      // empty when not started as root
  std::optional<Identity> front_user;  // likewise

  // Limits
  uint32_t queue_capacity = 0;  // resolved: never 0
  base::Nanos queue_timeout = 0;
  base::Nanos request_timeout = 0;
  uint64_t max_body_size = 0;
  uint64_t max_header_size = 0;
  base::Nanos header_timeout = 0;
  base::Nanos body_timeout = 0;
  std::optional<base::Nanos> idle_timeout;  // 0 = no keep-alive, empty = no limit
  base::Nanos write_timeout = 0;
  uint32_t max_connections = 0;         // resolved: never 0
  uint32_t max_connections_per_ip = 0;  // 0 = no limit
  uint32_t rate_limit = 0;              // requests of a client in a window; 0 = no limit
  base::Nanos rate_window = 0;          // more than 0
  std::string rate_limit_store;         // a Redis' URL, a secret; empty = in memory
  net::PeerList trusted_proxies;
  std::string spool_dir;
  uint64_t spool_max = 0;
  std::optional<base::Nanos> drain_timeout;  // 0 = cut at once, empty = no limit
  base::Nanos reload_drain = 0;

  // Answers
  base::Nanos static_cache_ttl = 0;  // 0 = no Cache-Control
  base::CodingList compression;      // empty = off
  uint64_t static_cache_size = 0;    // 0 = no file is encoded
  bool follow_symlinks = true;
  std::string sendfile_root;  // absolute, links resolved; empty = DOCUMENT_ROOT
  std::vector<std::pair<std::string, std::string>> response_headers;
  std::string error_pages_dir;                // empty = none
  std::vector<serve::ErrorPage> error_pages;  // what was in it, by status

  // Operations
  base::Nanos slow_request = 0;  // 0 = none is logged
  bool profile = false;

  // Logs
  bool access_log = false;
  base::LogLevel log_level = base::LogLevel::kInfo;
  LogFormat log_format = LogFormat::kAuto;
  std::string log_file;  // empty = stdout
  std::string service_name;

  // Tracing
  std::string otlp_endpoint;     // empty = no span is exported
  std::string otlp_certificate;  // authorities that it may be signed by; empty = the system's
  std::vector<std::pair<std::string, std::string>> otlp_headers;
  std::string otel_service_name;  // resolved: never empty
  std::vector<std::pair<std::string, std::string>> otel_resource;
  double trace_ratio = 1;  // of the traces that begin here

  // What PHP finds in its environment: ours and the env-file's, without secrets. "NAME=value".
  std::vector<std::string> php_environment;

  // What was set to what, in the table's order; every setting of the table is in it.
  std::vector<FoundSetting> settings;
  // One line each, for the log and `howdah check`: what works but not as one might think.
  std::vector<std::string> notices;
  // A reload found other values for these settings, and kept the old ones.
  std::vector<std::string> restart_wanted;
  // What `howdah serve DIR` prints as its URL; empty otherwise.
  bool development = false;
  // `--watch`: browsers and workers follow what changes below watch_root (absolute).
  bool watch = false;
  std::string watch_root;
  std::vector<std::string> watch_ignore;
  base::Nanos watch_poll = 0;  // 0 = only where the kernel does not tell of changes

  std::string env_file;
};

}  // namespace howdah::app
