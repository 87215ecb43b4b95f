#include "app/advice/php_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/config/units.h"

namespace howdah::app {
namespace {

constexpr std::string_view kOpcache = "Zend OPcache";
constexpr int64_t kMegabyte = 1 << 20;

// OPcache's hash sizes: opcache.max_accelerated_files is raised to one of them (PHP's
// ext/opcache/zend_accelerator_hash.c).
constexpr int64_t kHashSizes[] = {223,   463,   983,    1979,   3907,   7963,   16229,
                                  32531, 65407, 130987, 262237, 524521, 1048793};

// Memory of OPcache by byte of source: 2.2 (WordPress 6.1) to 3.0 (Laravel 8) with PHP 8.2. The
// least of them, so that the rule does not speak where it might be enough.
constexpr uint64_t kOpcacheBytesPerSourceByte = 2;
// Of the realpath cache for a file: an entry of about 100 bytes, its path twice.
constexpr uint64_t kRealpathBytesPerFile = 200;
constexpr uint64_t kRealpathEnough = 4 << 20;  // PHP's default

bool jit_wanted(const PhpFacts& php) {
  std::string_view mode = trim(php.value("opcache.jit"));
  for (std::string_view off : {"", "0", "off", "no", "false", "disable"}) {
    if (equals_ignoring_case(mode, off)) return false;
  }
  return true;
}

int64_t accelerated_files(const PhpFacts& php) {
  int64_t wanted = php.number("opcache.max_accelerated_files");
  const int64_t* size = std::ranges::lower_bound(kHashSizes, wanted);
  return size == std::end(kHashSizes) ? wanted : *size;
}

class Adviser {
 public:
  Adviser(const Config& config, const PhpFacts& php, const SiteSize& site)
      : config_(config), php_(php), site_(site) {}

  void opcache();
  void jit();
  void realpath_cache();
  void time();
  void sizes();
  void site_settings();
  void messages();
  void directories();
  std::vector<Advice> take() { return std::move(found_); }

 private:
  bool production() const { return !config_.development; }
  void say(std::string_view setting, std::string why, std::string remedy) {
    found_.push_back({std::string(setting), std::string(php_.value(setting)), std::move(why),
                      std::move(remedy)});
  }
  std::string in_site() const {
    return fmt::format("{} has {} PHP files of {} MB", site_.root, site_.php_files,
                       site_.php_bytes / kMegabyte);
  }

  const Config& config_;
  const PhpFacts& php_;
  const SiteSize& site_;
  std::vector<Advice> found_;
};

void Adviser::opcache() {
  constexpr const char* kCompiles = "every request compiles its scripts anew";
  if (!php_.has_zend_extension(kOpcache)) {
    found_.push_back({"zend_extension", "", std::string("OPcache is not loaded: ") + kCompiles,
                      "install PHP's opcache extension"});
    return;
  }
  if (!php_.flag("opcache.enable")) return say("opcache.enable", kCompiles, "set it to 1");
  if (php_.flag("opcache.file_cache_only")) {
    say("opcache.file_cache_only",
        "scripts are read from files for each request, workers share no memory, and there is no "
        "JIT",
        "set it to 0");
    return;
  }
  int64_t files = accelerated_files(php_);
  if (site_.php_files > static_cast<uint64_t>(files)) {
    say("opcache.max_accelerated_files",
        fmt::format("{}, and OPcache keeps {}; a full one stops taking scripts, or starts again",
                    in_site(), files),
        fmt::format("set it to {} or more", site_.php_files));
  }
  uint64_t needed = site_.php_bytes * kOpcacheBytesPerSourceByte / kMegabyte;
  if (needed > static_cast<uint64_t>(php_.number("opcache.memory_consumption"))) {
    say("opcache.memory_consumption",
        fmt::format("{}, which compiled take {} MB or more if all are used", in_site(), needed),
        fmt::format("set it to {} (MB), or see opcache_get_status() for what is used",
                    needed * 3 / 2));
  }
  if (production() && php_.flag("opcache.validate_timestamps") &&
      php_.number("opcache.revalidate_freq") == 0) {
    say("opcache.revalidate_freq",
        "each request asks the file system about every file that it runs",
        "set it to 2, or opcache.validate_timestamps=0 and `howdah reload` after a deployment");
  }
}

void Adviser::jit() {
  if (!opcache_on(php_) || !jit_wanted(php_)) return;
  if (php_.number("opcache.jit_buffer_size") <= 0) {
    say("opcache.jit_buffer_size",
        fmt::format("opcache.jit={} has no memory, so that there is no JIT",
                    php_.value("opcache.jit")),
        "set it to 64M, or opcache.jit=disable");
  } else if (php_.executor_replaced) {
    std::string others;
    for (const std::string& name : php_.zend_extensions) {
      if (name != kOpcache) others += (others.empty() ? "" : ", ") + name;
    }
    say("opcache.jit",
        fmt::format("an extension{} replaces PHP's executor: there is no JIT, and each call is "
                    "slower",
                    others.empty() ? "" : " (" + others + ")"),
        "do not load it in production, or set opcache.jit=disable");
  } else if (php_.number("opcache.jit_max_root_traces") <
             php_.number("opcache.jit_max_exit_counters")) {
    say("opcache.jit_max_root_traces",
        fmt::format("after {} traces PHP's JIT can damage scripts for all workers",
                    php_.value("opcache.jit_max_root_traces")),
        fmt::format("take it out (16384 here), or set it above opcache.jit_max_exit_counters ({}); "
                    "docs/production.md",
                    php_.value("opcache.jit_max_exit_counters")));
  }
}

void Adviser::realpath_cache() {
  if (!php_.value("open_basedir").empty()) return;  // PHP does without the cache then
  uint64_t enough = std::min(site_.php_files * kRealpathBytesPerFile, kRealpathEnough);
  auto size = static_cast<uint64_t>(std::max<int64_t>(php_.number("realpath_cache_size"), 0));
  if (size >= enough) return;
  say("realpath_cache_size", fmt::format("{}: paths are looked up again and again", in_site()),
      fmt::format("set it to {} or more", format_size(kRealpathEnough)));
}

void Adviser::time() {
  int64_t seconds = php_.number("max_execution_time");
  if (config_.request_timeout == 0) {
    if (seconds > 0) return;
    return say("max_execution_time",
               "REQUEST_TIMEOUT is off, too: a script that does not end holds its worker for ever",
               "set one of them");
  }
  if (seconds <= config_.request_timeout / base::kSecond) return;
  say("max_execution_time",
      fmt::format("REQUEST_TIMEOUT={} ends the script before, with 504",
                  format_duration(config_.request_timeout)),
      "raise REQUEST_TIMEOUT or lower it");
}

void Adviser::sizes() {
  int64_t post = php_.number("post_max_size");
  int64_t upload = php_.number("upload_max_filesize");
  int64_t memory = php_.number("memory_limit");
  auto body = static_cast<int64_t>(config_.max_body_size);
  if (body > 0 && post > body) {
    say("post_max_size",
        fmt::format("MAX_BODY_SIZE={} refuses larger bodies with 413",
                    format_size(config_.max_body_size)),
        "raise MAX_BODY_SIZE or lower it");
  }
  if (post > 0 && php_.flag("file_uploads") && upload > post) {
    say("upload_max_filesize",
        fmt::format(
            "post_max_size={} drops the form of a larger file, with $_POST and $_FILES empty",
            php_.value("post_max_size")),
        "raise post_max_size or lower it");
  }
  if (memory > 0 && post > memory) {
    say("post_max_size",
        fmt::format("memory_limit={} ends the script of a form of that size",
                    php_.value("memory_limit")),
        "raise memory_limit or lower it");
  }
  if (production() && memory < 0) {
    say("memory_limit", "one script can take all memory of the machine", "set a limit, as 256M");
  }
}

void Adviser::site_settings() {
  if (site_.user_ini.empty() || !php_.value("user_ini.filename").empty()) return;
  say("user_ini.filename", fmt::format("{} is not honoured", site_.user_ini),
      "set it to .user.ini if all who may write into the site may change PHP's settings");
}

void Adviser::messages() {
  if (!production()) return;
  if (php_.flag("display_errors") || php_.value("display_errors") == "stdout") {
    say("display_errors",
        "clients see messages with paths and code, and a page that failed says 200",
        "set it to 0 (log_errors=1 brings them to the log)");
  }
  if (!php_.flag("log_errors")) {
    say("log_errors", "the log does not tell why a request failed", "set it to 1");
  }
  if (php_.number("zend.assertions") > 0) {
    say("zend.assertions", "assert() is compiled in and runs in every request", "set it to -1");
  }
}

void Adviser::directories() {
  for (const PhpFacts::Directory& directory : php_.directories) {
    if (directory.writable) continue;
    std::string user = config_.run_as ? config_.run_as->user : std::string("this user");
    found_.push_back(
        {directory.setting, directory.path,
         fmt::format("{} cannot write there: {}", user,
                     directory.setting == "session.save_path" ? "sessions are lost"
                                                              : "uploads and temporary files fail"),
         "make it writable, or name another"});
  }
}

}  // namespace

bool opcache_on(const PhpFacts& php) {
  return php.has_zend_extension(kOpcache) && php.flag("opcache.enable") &&
         !php.flag("opcache.file_cache_only");
}

bool jit_on(const PhpFacts& php) {
  return opcache_on(php) && jit_wanted(php) && php.number("opcache.jit_buffer_size") > 0 &&
         !php.executor_replaced;
}

std::vector<Advice> advise(const Config& config, const PhpFacts& php, const SiteSize& site) {
  Adviser adviser(config, php, site);
  adviser.opcache();
  adviser.jit();
  adviser.realpath_cache();
  adviser.time();
  adviser.sizes();
  adviser.site_settings();
  adviser.messages();
  adviser.directories();
  return adviser.take();
}

}  // namespace howdah::app
