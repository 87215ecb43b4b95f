#include "app/config/load.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "app/config/checks.h"
#include "app/config/near_miss.h"
#include "app/config/settings.h"
#include "app/config/units.h"
#include "app/config/values.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "HOWDAH_";
using Values = std::map<std::string, std::string, std::less<>>;

Values to_values(const std::vector<std::string>& environment) {
  Values values;
  for (const std::string& entry : environment) {
    size_t equals = entry.find('=');
    if (equals != std::string::npos) values[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return values;
}

// HOWDAH_X is read before X. The one setting whose name starts so has no second name.
std::optional<std::string> look_up(const Values& values, std::string_view name) {
  if (!name.starts_with(kPrefix)) {
    auto own = values.find(std::string(kPrefix) + std::string(name));
    if (own != values.end()) return own->second;
  }
  auto plain = values.find(name);
  return plain == values.end() ? std::nullopt : std::optional(plain->second);
}

// What `howdah serve DIR` sets for development, beside DOCUMENT_ROOT.
Values development_values(const std::string& root) {
  Values values = {{"LISTEN_ADDR", "127.0.0.1:8080"},
                   {"LOG_FORMAT", "text"},
                   {"ACCESS_LOG", "1"},
                   {"REQUEST_TIMEOUT", "off"}};
  std::error_code error;
  if (fs::is_regular_file(root + "/index.php", error)) {
    values["INDEX_FILE"] = "index.php";
    values["INDEX_SCRIPTS"] = "1";
  }
  return values;
}

// What the way of a request to a script depends on.
constexpr std::string_view kRoutingSettings[] = {"INDEX_FILE", "INDEX_SCRIPTS", "PHP_DENY",
                                                 "WORKER_MATCH"};

// What a reload may change of the way of requests.
enum class Routing { kNew, kInUse };

class Loader {
 public:
  explicit Loader(const Sources& sources, Routing routing = Routing::kNew)
      : sources_(sources), routing_(routing) {}
  Loaded run();

 private:
  void read_env_file();
  void choose_directory();
  FoundSetting find(const Setting& setting) const;
  void find_settings();
  void keep(std::string_view name);
  void apply_rust_log();
  void note_unknown_names(const Values& values);
  void make_php_environment();

  const Sources& sources_;
  const Routing routing_;
  Loaded loaded_;
  Values environment_;
  Values env_file_;
  Values serve_;
};

void Loader::read_env_file() {
  if (sources_.env_file.empty()) return;
  std::ifstream file(sources_.env_file, std::ios::binary);
  if (!file || fs::is_directory(sources_.env_file)) {
    loaded_.problems.push_back(fmt::format("--env-file {}: {}", sources_.env_file,
                                           file ? "is a directory" : std::strerror(errno)));
    return;
  }
  EnvFile parsed = parse_env_file(std::string{std::istreambuf_iterator<char>(file), {}});
  for (auto& [name, value] : parsed.values) env_file_[name] = value;
  for (const std::string& problem : parsed.problems) {
    loaded_.problems.push_back(fmt::format("--env-file {}: {}", sources_.env_file, problem));
  }
}

void Loader::choose_directory() {
  if (sources_.directory.empty()) return;
  std::string root = sources_.directory;
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    loaded_.problems.push_back(
        fmt::format("{}: no such directory; accepted: howdah serve DIR", root));
  }
  if (fs::is_regular_file(root + "/public/index.php", error)) root += "/public";
  serve_ = development_values(root);
  serve_["DOCUMENT_ROOT"] = root;
  loaded_.config.development = true;
  if (!sources_.watch) return;
  loaded_.config.watch = true;
  loaded_.config.watch_root = fs::weakly_canonical(sources_.directory, error).string();
  // Who mends a script that does not start has no need to start the server again.
  serve_["WORKER_MAX_FAILURES"] = "-1";
}

FoundSetting Loader::find(const Setting& setting) const {
  std::string name(setting.name);
  for (auto flag = sources_.flags.rbegin(); flag != sources_.flags.rend(); ++flag) {
    if (flag->first == name) return {name, flag->second, Origin::kFlag};
  }
  auto serve = serve_.find(name);
  // DIR stands on the command line: it wins over the environment.
  bool named_root = serve != serve_.end() && name == "DOCUMENT_ROOT";
  if (named_root) return {name, serve->second, Origin::kFlag};
  if (auto text = look_up(environment_, name)) return {name, *text, Origin::kEnvironment};
  if (auto text = look_up(env_file_, name)) return {name, *text, Origin::kEnvFile};
  if (serve != serve_.end()) return {name, serve->second, Origin::kServe};
  return {name, std::string(setting.default_text), Origin::kDefault};
}

// Keeps the value in use, and says so when there is another one now.
void Loader::keep(std::string_view name) {
  const FoundSetting& in_use = found(*sources_.in_use, name);
  FoundSetting& now = *std::ranges::find(loaded_.config.settings, name, &FoundSetting::name);
  auto meaning = [&](const FoundSetting& value) {
    std::string_view text = trim(value.text);
    return text.empty() ? find_setting(name)->default_text : text;
  };
  if (meaning(now) != meaning(in_use)) loaded_.config.restart_wanted.emplace_back(name);
  now = in_use;
}

void Loader::find_settings() {
  Config& config = loaded_.config;
  for (const Setting& setting : settings()) config.settings.push_back(find(setting));
  if (sources_.in_use == nullptr) return;
  for (const Setting& setting : settings()) {
    if (setting.effective == Effective::kRestart) keep(setting.name);
  }
  if (routing_ == Routing::kInUse) {
    for (std::string_view name : kRoutingSettings) keep(name);
  }
  // What a listener speaks depends on whether there are certificates.
  bool tls = !trim(found(config, "TLS_CERT").text).empty();
  if (tls == !sources_.in_use->tls_cert.empty()) return;
  for (std::string_view name : {"TLS_CERT", "TLS_KEY", "TLS_REDIRECT"}) keep(name);
}

void Loader::apply_rust_log() {
  auto level = std::ranges::find(loaded_.config.settings, "LOG_LEVEL", &FoundSetting::name);
  if (level->origin != Origin::kDefault) return;
  for (const auto& [values, origin] :
       {std::pair(&environment_, Origin::kEnvironment), std::pair(&env_file_, Origin::kEnvFile)}) {
    auto text = look_up(*values, "RUST_LOG");
    if (!text || text->empty()) continue;
    level->text = level_of_rust_log(*text);
    level->origin = origin;
    return;
  }
}

// A misspelt name would otherwise be silence. One with our prefix is a mistake whatever it is near.
void Loader::note_unknown_names(const Values& values) {
  for (const auto& [name, value] : values) {
    std::string_view plain = name;
    const bool ours = plain.starts_with(kPrefix);
    if (ours) plain.remove_prefix(kPrefix.size());
    if (find_setting(name) != nullptr || find_setting(plain) != nullptr) continue;
    if (ours && plain == "RUST_LOG") continue;
    const Setting* meant = near_setting(plain);
    if (meant == nullptr && !ours) continue;
    std::string notice = fmt::format("{} is no setting of Howdah", name);
    if (meant != nullptr) notice += fmt::format(": {} is one", meant->name);
    std::vector<std::string>& notices = loaded_.config.notices;
    if (std::ranges::find(notices, notice) == notices.end()) notices.push_back(std::move(notice));
  }
}

void Loader::make_php_environment() {
  Values all = env_file_;
  for (const auto& [name, value] : environment_) all[name] = value;
  for (const Setting& setting : settings()) {
    if (setting.secrecy != Secrecy::kSecret) continue;
    all.erase(std::string(setting.name));
    all.erase(std::string(kPrefix) + std::string(setting.name));
  }
  // As PHP-FPM: who PHP runs as, not who started us. What the env-file says of them is for PHP.
  if (const auto& run_as = loaded_.config.run_as) {
    for (auto& [name, value] : Values{{"USER", run_as->user}, {"HOME", run_as->home}}) {
      auto told = env_file_.find(name);
      all[name] = told == env_file_.end() ? value : told->second;
    }
  }
  // Our sockets are not its own.
  for (std::string_view name : kInheritedVariables) all.erase(std::string(name));
  for (const auto& [name, value] : all)
    loaded_.config.php_environment.push_back(name + "=" + value);
}

Loaded Loader::run() {
  Config& config = loaded_.config;
  config.env_file = sources_.env_file;
  environment_ = to_values(sources_.environment);
  read_env_file();
  choose_directory();
  find_settings();
  apply_rust_log();
  config.inherited = inherited_sockets(environment_, ::getpid(), loaded_.problems);

  for (const Setting& setting : settings()) {
    FoundSetting& value = *std::ranges::find(config.settings, setting.name, &FoundSetting::name);
    value.text = trim(value.text);
    std::string_view text =
        value.text.empty() ? setting.default_text : std::string_view(value.text);
    std::string wrong = apply_setting(setting, text, config);
    if (!wrong.empty()) loaded_.problems.push_back(describe_problem(config, setting.name, wrong));
  }
  if (config.development) {
    // The operator's own settings come later and win.
    config.php_ini_set.insert(
        config.php_ini_set.begin(),
        {"display_errors=1", "opcache.validate_timestamps=1", "opcache.revalidate_freq=0"});
  }
  resolve_and_check(config, sources_.program_directory, loaded_.problems);
  if (const Config* in_use = sources_.in_use) {
    // What was worked out for them may come out differently now.
    config.front_threads = in_use->front_threads;
    config.control_socket = in_use->control_socket;
    config.run_as = in_use->run_as;
    config.front_user = in_use->front_user;
  }
  note_unknown_names(environment_);
  note_unknown_names(env_file_);
  make_php_environment();
  return std::move(loaded_);
}

}  // namespace

Loaded load_config(const Sources& sources) {
  Loaded loaded = Loader(sources).run();
  if (sources.in_use == nullptr || loaded.config.classic_pool == sources.in_use->classic_pool) {
    return loaded;
  }
  // Pools are made at the start. One that is not needed any more stays, one that is missing cannot
  // be had, nor can what would lead requests to it.
  if (loaded.config.classic_pool) loaded = Loader(sources, Routing::kInUse).run();
  loaded.config.classic_pool = sources.in_use->classic_pool;
  return loaded;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

}  // namespace howdah::app
