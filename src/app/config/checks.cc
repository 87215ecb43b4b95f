#include "app/config/checks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "app/config/cpus.h"
#include "app/config/error_page_files.h"
#include "app/config/settings.h"
#include "app/config/tls_files.h"
#include "app/config/values.h"
#include "app/config/worker_scripts.h"
#include "net/listener.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefaultFrontUser = "howdah";
constexpr std::string_view kControlDirectory = "/run/howdah";
constexpr uint32_t kQueuePerWorker = 100;
// PHP_WORKERS_MAX when neither it nor PHP_WORKERS is set.
constexpr uint32_t kLeastGrowth = 4;
constexpr uint32_t kGrowthPerCpu = 2;
constexpr uint32_t kMostWorkers = 1024;  // channel::kMaxWorkers
constexpr size_t kLongestSocketPath = 107;
constexpr uint32_t kOneThreadUpTo = 4;  // CPUs
constexpr uint32_t kMostLoops = 32;
// Descriptors of the front that are no client's: its own, each worker's, and this share of all for
// files on their way to clients and for the spool.
constexpr uint64_t kOwnDescriptors = 64;
constexpr uint64_t kDescriptorsPerWorker = 4;
constexpr uint64_t kShareOfFiles = 4;

// Collects what is wrong, one line a setting.
class Checker {
 public:
  Checker(Config& config, std::vector<std::string>& problems)
      : config_(config), problems_(problems) {}

  void wrong(std::string_view name, std::string_view what) {
    problems_.push_back(describe_problem(config_, name, what));
  }

  // Nothing when `path` is empty.
  void readable_file(std::string_view name, const std::string& path) {
    std::error_code error;
    if (path.empty()) return;
    if (!fs::is_regular_file(path, error)) {
      wrong(name, "no such file");
    } else if (::access(path.c_str(), R_OK) != 0) {
      wrong(name, "cannot be read");
    }
  }

  void site();
  void sendfile_root();
  void symlinks();
  void php(const std::string& program_directory);
  void resolve_counts();
  void hosts();
  void worker_scripts();
  void connections();
  void spool();
  void error_pages();
  void control_socket();
  void users();
  void tls();
  void tracing();

 private:
  std::optional<Identity> user(std::string_view setting, const std::string& name);

  Config& config_;
  std::vector<std::string>& problems_;
};

// The mode bits alone say yes to any file on some file systems.
bool is_program(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // A file that may be run but not read is the kernel's to judge.
  if (!file) return true;
  char magic[4] = {};
  file.read(magic, sizeof magic);
  std::string_view found(magic, static_cast<size_t>(file.gcount()));
  return found == "\177ELF" || found.starts_with("#!");
}

bool is_unix(const std::string& address) { return address.starts_with("unix:"); }

std::string environment_value(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

void Checker::site() {
  sendfile_root();
  symlinks();
  std::error_code error;
  fs::path root = fs::canonical(config_.document_root, error);
  if (error || !fs::is_directory(root, error)) {
    wrong("DOCUMENT_ROOT", "no such directory");
    return;
  }
  config_.document_root = root.string();

  std::string& index = config_.index_file;
  index.erase(0, std::min(index.find_first_not_of('/'), index.size()));
  if (index.empty()) {
    if (config_.index_scripts)
      config_.notices.push_back("INDEX_SCRIPTS has no effect without INDEX_FILE");
    return;
  }
  for (const auto& part : fs::path(index)) {
    if (part == "..") return wrong("INDEX_FILE", "leaves DOCUMENT_ROOT");
  }
  if (!fs::is_regular_file(root / index, error)) {
    wrong("INDEX_FILE", "no such file in " + config_.document_root);
  }
}

void Checker::sendfile_root() {
  std::string& root = config_.sendfile_root;
  if (root.empty()) return;
  std::error_code error;
  fs::path resolved = fs::canonical(root, error);
  if (error || !fs::is_directory(resolved, error))
    return wrong("SENDFILE_ROOT", "no such directory");
  root = resolved.string();
}

// A filter of system calls that does not know openat2 may say EPERM as well as ENOSYS.
void Checker::symlinks() {
  if (config_.follow_symlinks) return;
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  int root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  long fd = ::syscall(SYS_openat2, root, ".", &how, sizeof how);
  if (fd < 0) wrong("FOLLOW_SYMLINKS", "needs openat2(), which this system does not let us call");
  if (fd >= 0) ::close(static_cast<int>(fd));
  if (root >= 0) ::close(root);
}

void Checker::php(const std::string& program_directory) {
  resolve_counts();
  if (config_.use_stub) return;  // needs no worker program
  std::string& program = config_.php_program;
  bool chosen = !program.empty();
  if (!chosen) program = program_directory + "/howdah-php";
  std::error_code error;
  if (!fs::is_regular_file(program, error)) {
    wrong("HOWDAH_PHP", chosen ? "no such file" : "there is no " + program);
  } else if (::access(program.c_str(), X_OK) != 0 || !is_program(program)) {
    wrong("HOWDAH_PHP", "not an executable file");
  } else {
    program = fs::canonical(program, error).string();
  }
  readable_file("PHP_INI", config_.php_ini);
  if (!config_.php_ini.empty()) config_.php_ini = fs::absolute(config_.php_ini, error).string();
}

void Checker::resolve_counts() {
  const uint32_t cpus = config_.cpus = usable_cpus();
  // A number that was chosen is kept to; one of ours can be too small for scripts that wait.
  const bool chosen = config_.php_workers != 0;
  if (!chosen) config_.php_workers = cpus;
  uint32_t& most = config_.php_workers_max;
  if (most != 0 && most < config_.php_workers) {
    wrong("PHP_WORKERS_MAX", fmt::format("less than the {} of PHP_WORKERS", config_.php_workers));
  }
  if (most == 0) {
    most = chosen ? config_.php_workers : std::max(kLeastGrowth, kGrowthPerCpu * cpus);
    most = std::clamp(most, config_.php_workers, kMostWorkers);
  }
  // QUEUE_CAPACITY is that of each pool.
  auto queue_of = [chosen_capacity = config_.queue_capacity](uint32_t workers) {
    return chosen_capacity != 0 ? chosen_capacity : workers * kQueuePerWorker;
  };
  config_.queue_capacity = queue_of(config_.php_workers);
  for (WorkerScript& script : config_.worker_scripts) {
    if (script.num == 0) script.num = cpus;
    script.queue_capacity = queue_of(script.num);
  }
  hosts();
  if (config_.front_threads == 0) {
    config_.front_threads = cpus <= kOneThreadUpTo ? 1 : std::min(cpus / 4, kMostLoops);
  }
}

// A process without a worker is not started.
void Checker::hosts() {
  uint32_t most = config_.classic_pool ? config_.php_workers_max : 0;
  for (const WorkerScript& script : config_.worker_scripts) most = std::max(most, script.num);
  if (config_.php_hosts <= most) return;
  config_.notices.push_back(fmt::format(
      "PHP_HOSTS={}: there are no more processes than workers, {} here", config_.php_hosts, most));
}

void Checker::worker_scripts() {
  for (const WorkerProblem& problem : resolve_worker_scripts(config_)) {
    wrong(problem.setting, problem.what);
  }
}

// The start raises the limit to the hard one.
void Checker::connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) base::die("getrlimit");
  uint64_t descriptors = std::min<uint64_t>(limit.rlim_max, INT32_MAX);
  uint64_t workers = config_.classic_pool ? config_.php_workers_max : 0;
  for (const WorkerScript& script : config_.worker_scripts) workers += script.num;
  uint64_t kept = kOwnDescriptors + workers * kDescriptorsPerWorker;
  kept = std::min(kept + descriptors / kShareOfFiles, descriptors - 1);
  auto most = static_cast<uint32_t>(descriptors - kept);
  if (config_.max_connections == 0) {
    config_.max_connections = most;
  } else if (config_.max_connections > most) {
    // More could be accepted, but not be given a file.
    config_.notices.push_back(fmt::format("MAX_CONNECTIONS={} is {}: the descriptor limit is {}",
                                          config_.max_connections, most, descriptors));
    config_.max_connections = most;
  }
}

void Checker::spool() {
  bool chosen = !config_.spool_dir.empty();
  if (!chosen) config_.spool_dir = environment_value("TMPDIR");
  if (config_.spool_dir.empty()) config_.spool_dir = "/tmp";
  std::error_code error;
  if (!fs::is_directory(config_.spool_dir, error)) {
    wrong("SPOOL_DIR", chosen ? "no such directory" : "there is no directory " + config_.spool_dir);
  } else if (::access(config_.spool_dir.c_str(), W_OK | X_OK) != 0) {
    wrong("SPOOL_DIR", "cannot be written: " + config_.spool_dir);
  }
}

void Checker::error_pages() {
  if (config_.error_pages_dir.empty()) return;
  FoundErrorPages found = read_error_pages(config_.error_pages_dir);
  for (const std::string& problem : found.problems) wrong("ERROR_PAGES_DIR", problem);
  for (const std::string& note : found.notes) {
    config_.notices.push_back(fmt::format("ERROR_PAGES_DIR={}: {}", config_.error_pages_dir, note));
  }
  config_.error_pages = std::move(found.pages);
}

void Checker::control_socket() {
  std::string& path = config_.control_socket;
  if (path.empty()) path = default_control_socket();
  if (path.size() > kLongestSocketPath)
    wrong("CONTROL_SOCKET", "longer than a socket's path can be");
  if (path.empty()) {
    config_.notices.push_back(
        "no CONTROL_SOCKET: neither /run/howdah nor $XDG_RUNTIME_DIR can be used");
  }
}

std::optional<Identity> Checker::user(std::string_view setting, const std::string& name) {
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) {
    wrong(setting, "no such user: " + name);
    return std::nullopt;
  }
  return Identity{name, entry->pw_uid, entry->pw_gid, entry->pw_dir};
}

void Checker::users() {
  if (::geteuid() != 0) {
    for (std::string_view name : {"RUN_AS", "FRONT_USER"}) {
      if (found(config_, name).origin == Origin::kDefault) continue;
      config_.notices.push_back(fmt::format("{} is ignored: not started as root", name));
    }
    return;
  }
  if (config_.development && found(config_, "RUN_AS").origin == Origin::kDefault) {
    // One's own files, wherever they lie: like any other tool that is started by hand.
    config_.notices.push_back("started as root: PHP runs as root (RUN_AS=USER changes that)");
    return;
  }
  config_.run_as = user("RUN_AS", config_.run_as_name);
  std::string& front = config_.front_user_name;
  if (front.empty()) {
    bool exists = ::getpwnam(std::string(kDefaultFrontUser).c_str()) != nullptr;
    front = exists ? kDefaultFrontUser : config_.run_as_name;
    if (!exists) {
      config_.notices.push_back(
          "no user howdah: the front runs as RUN_AS, and PHP could read what the front can read");
    }
  }
  if (front == config_.run_as_name) {
    config_.front_user = config_.run_as;
  } else {
    config_.front_user = user("FRONT_USER", front);
  }
}

void Checker::tls() {
  auto files = read_tls_files(config_);
  if (!files) {
    for (const TlsProblem& problem : files.error()) wrong(problem.setting, problem.what);
    return;
  }
  for (std::string& warning : files->warnings) config_.notices.push_back(std::move(warning));
  bool any = !files->pairs.empty();
  if (!any && !config_.tls_listen.empty()) wrong("TLS_LISTEN_ADDR", "needs TLS_CERT and TLS_KEY");
  bool both = any && !config_.tls_listen.empty();
  if (config_.tls_redirect && !both) {
    wrong("TLS_REDIRECT", "needs TLS_LISTEN_ADDR beside LISTEN_ADDR, TLS_CERT and TLS_KEY");
  }
  if (config_.tls_redirect && both && std::ranges::all_of(config_.tls_listen, is_unix)) {
    wrong("TLS_REDIRECT", "needs a port in TLS_LISTEN_ADDR");
  }
  // A certificate without addresses of its own is for LISTEN_ADDR.
  if (any && !both) config_.tls_listen = std::exchange(config_.listen, {});
}

// Settings that have no effect yet are checked all the same, so that a configuration is right or
// wrong whatever the version.
void Checker::tracing() {
  readable_file("OTEL_EXPORTER_OTLP_CERTIFICATE", config_.otlp_certificate);
  std::string& name = config_.otel_service_name;
  if (!name.empty()) return;
  auto told = std::ranges::find(config_.otel_resource, "service.name",
                                &std::pair<std::string, std::string>::first);
  name = told == config_.otel_resource.end() ? config_.service_name : told->second;
}

}  // namespace

std::string default_control_socket() {
  std::error_code error;
  std::string directory(kControlDirectory);
  if (::geteuid() == 0 || ::access(directory.c_str(), W_OK | X_OK) == 0) {
    return directory + "/control.sock";
  }
  std::string runtime = environment_value("XDG_RUNTIME_DIR");
  return fs::is_directory(runtime, error) ? runtime + "/howdah/control.sock" : "";
}

const FoundSetting& found(const Config& config, std::string_view name) {
  auto setting = std::ranges::find(config.settings, name, &FoundSetting::name);
  if (setting == config.settings.end()) base::die("a setting without a place in the table", 0);
  return *setting;
}

std::string describe_problem(const Config& config, std::string_view name, std::string_view wrong) {
  const Setting& setting = *find_setting(name);
  const FoundSetting& value = found(config, name);
  bool secret = setting.secrecy != Secrecy::kPublic && !value.text.empty();
  std::string line = fmt::format("{}={} (from {}): {}", name, secret ? "***" : value.text,
                                 name_of(value.origin), wrong);
  std::string accepted = setting.accepted();
  if (!accepted.empty()) line += "; accepted: " + accepted;
  return line;
}

std::string idle_hosts_notice(const Config& config, std::string_view php_version) {
  if (config.php_hosts <= 1 || !php_version.ends_with("NTS")) return "";
  return fmt::format("PHP_HOSTS has no effect: the workers of PHP {} are processes", php_version);
}

std::string shared_limit_notice(const Config& config) {
  if (config.rate_limit == 0 || config.development) return "";
  net::PeerList local;
  for (const char* addresses : {"127.0.0.0/8", "::1"}) local.add(addresses);
  for (const auto& listeners : {config.listen, config.tls_listen}) {
    for (const std::string& name : listeners) {
      auto address = net::parse_listen_address(name);
      bool unix_socket = is_unix(name);
      auto ip = address ? net::parse_ip(address->host) : std::nullopt;
      if (!unix_socket && (!ip || !local.contains(*ip))) continue;
      bool trusted = unix_socket ? config.trusted_proxies.contains(std::nullopt)
                                 : config.trusted_proxies.contains(*ip);
      if (trusted) continue;
      return fmt::format(
          "RATE_LIMIT={}: who comes by {} comes through a proxy, and without TRUSTED_PROXIES all "
          "of "
          "its clients share one limit",
          config.rate_limit, name);
    }
  }
  return "";
}

void resolve_and_check(Config& config, const std::string& program_directory,
                       std::vector<std::string>& problems) {
  Checker checker(config, problems);
  checker.site();
  checker.php(program_directory);
  checker.worker_scripts();
  checker.connections();
  checker.spool();
  checker.error_pages();
  checker.control_socket();
  checker.users();
  checker.tls();
  checker.tracing();
}

}  // namespace howdah::app
