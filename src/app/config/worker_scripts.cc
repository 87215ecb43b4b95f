#include "app/config/worker_scripts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "app/config/checks.h"
#include "app/config/settings.h"
#include "app/config/units.h"
#include "app/config/values.h"
#include "app/watch/path_glob.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostWorkers = 1024;      // channel::kMaxWorkers
constexpr uint64_t kMostSnapshotReady = 64;  // php::SnapshotTable::kMaxSpares
constexpr uint64_t kMostFailures = 1'000'000;
constexpr std::string_view kEverything = "/*";

// Trimmed; empty ones stay, they hold a place.
std::vector<std::string_view> entries_of(std::string_view text) {
  std::vector<std::string_view> entries;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(';', begin), text.size());
    entries.push_back(trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return entries;
}

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

using EntryParser = std::string (*)(std::string_view entry, WorkerScript& script);

// Without scripts the text is parsed all the same, so that it is right or wrong whatever else is
// set.
std::string parse_entries(std::string_view text, Config& config, EntryParser parse) {
  std::vector<std::string_view> entries = entries_of(text);
  std::vector<WorkerScript> none(entries.size());
  auto& scripts = config.worker_scripts.empty() ? none : config.worker_scripts;
  if (entries.size() != 1 && entries.size() != scripts.size()) {
    return fmt::format("{} entries for the {} of WORKER_SCRIPT", entries.size(), scripts.size());
  }
  for (size_t i = 0; i < scripts.size(); ++i) {
    std::string_view entry = entries[entries.size() == 1 ? 0 : i];
    if (entry.empty()) continue;
    std::string wrong = parse(entry, scripts[i]);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string take_number(std::string_view entry, uint64_t most, uint32_t& number) {
  auto value = parse_integer(entry);
  if (!value) return "not an integer: " + std::string(entry);
  if (*value > most) return "out of range: " + std::string(entry);
  number = static_cast<uint32_t>(*value);
  return "";
}

std::string take_num(std::string_view entry, WorkerScript& script) {
  return take_number(entry, kMostWorkers, script.num);
}

std::string take_ready(std::string_view entry, WorkerScript& script) {
  std::string error = take_number(entry, kMostSnapshotReady, script.snapshot_ready);
  if (error.empty() && script.snapshot_ready == 0) return "out of range: 0";
  return error;
}

std::string take_max_failures(std::string_view entry, WorkerScript& script) {
  script.max_failures.reset();
  if (entry == "-1") return "";
  return take_number(entry, kMostFailures, script.max_failures.emplace());
}

// What is only excluded is excluded from everything.
std::string take_match(std::string_view entry, WorkerScript& script) {
  script.match = split_list(entry, ',');
  if (script.match.empty()) return "no pattern";
  bool only_exclusions = true;
  for (std::string_view pattern : script.match) {
    bool excludes = pattern.starts_with('!');
    if (excludes) pattern.remove_prefix(1);
    if (!pattern.starts_with('/')) return "a pattern starts with / or !/: " + std::string(pattern);
    only_exclusions = only_exclusions && excludes;
  }
  if (only_exclusions) script.match.emplace(script.match.begin(), kEverything);
  return "";
}

// "NAME=", a name such as a shell takes.
bool begins_with_name(std::string_view part) {
  size_t equals = part.find('=');
  if (equals == std::string_view::npos || equals == 0 || (part[0] >= '0' && part[0] <= '9')) {
    return false;
  }
  return std::ranges::all_of(part.substr(0, equals), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

// A part between two commas that does not begin with a name belongs to the value before it.
std::string take_environment(std::string_view entry, WorkerScript& script) {
  auto& environment = script.environment;
  environment.clear();
  for (const std::string& part : split_list(entry, ',')) {
    if (begins_with_name(part)) {
      environment.push_back(part);
    } else if (!environment.empty()) {
      environment.back().append(",").append(part);
    } else {
      return "no NAME=value: " + part;
    }
  }
  return "";
}

std::string take_watch(std::string_view entry, WorkerScript& script) {
  script.watch = equals_ignoring_case(entry, "off") ? "" : entry;
  return check_patterns(entry);
}

std::string take_mode(std::string_view entry, WorkerScript& script) {
  if (entry != "loop" && entry != "snapshot") return "unknown: " + std::string(entry);
  script.mode = entry == "loop" ? WorkerMode::kLoop : WorkerMode::kSnapshot;
  return "";
}

// Its path below `root`, with a slash at its beginning; empty when it lies elsewhere.
std::string name_below(const fs::path& script, const std::string& root) {
  fs::path relative = script.lexically_relative(root);
  bool outside = relative.empty() || *relative.begin() == "..";
  return outside ? "" : "/" + relative.string();
}

// The links in an absolute path to its folder are followed, as those of DOCUMENT_ROOT are: so that
// a reload takes the script out of the release it serves.
fs::path find_script(const WorkerScript& script, const std::string& root) {
  fs::path given(script.given);
  if (given.is_relative()) return (fs::path(root) / given).lexically_normal();
  std::error_code error;
  fs::path folder = fs::canonical(given.parent_path(), error);
  return error ? given.lexically_normal() : folder / given.filename();
}

std::string check_script(const WorkerScript& script) {
  std::error_code error;
  if (!fs::exists(script.path, error)) return "no such file: " + script.path;
  if (!fs::is_regular_file(script.path, error)) return "not a file: " + script.path;
  if (::access(script.path.c_str(), R_OK) != 0) return "cannot be read: " + script.path;
  return "";
}

bool takes_everything(const WorkerScript& script) {
  bool all = false;
  for (std::string_view pattern : script.match) {
    if (pattern.starts_with('!')) return false;
    all = all || pattern == kEverything;
  }
  return all;
}

void note_settings_without_scripts(Config& config) {
  for (const Setting& setting : settings()) {
    if (setting.section != Section::kWorkers) continue;
    const FoundSetting& value = found(config, setting.name);
    bool chosen = value.origin != Origin::kDefault && value.origin != Origin::kServe;
    if (!chosen || value.text.empty() || value.text == setting.default_text) continue;
    config.notices.push_back(fmt::format("{} has no effect without WORKER_SCRIPT", setting.name));
  }
}

}  // namespace

std::string parse_worker_script(std::string_view text, Config& config) {
  config.worker_scripts.clear();
  if (text.empty()) return "";
  if (!is_printable(text)) return "not printable";
  std::vector<WorkerScript> scripts;
  for (std::string_view entry : entries_of(text)) {
    if (entry.empty()) return "an empty entry";
    scripts.push_back({.given = std::string(entry)});
  }
  config.worker_scripts = std::move(scripts);
  return "";
}

std::string parse_worker_num(std::string_view text, Config& config) {
  return parse_entries(text, config, take_num);
}
std::string parse_worker_match(std::string_view text, Config& config) {
  return parse_entries(text, config, take_match);
}
std::string parse_worker_env(std::string_view text, Config& config) {
  return parse_entries(text, config, take_environment);
}
std::string parse_worker_watch(std::string_view text, Config& config) {
  return parse_entries(text, config, take_watch);
}
std::string parse_worker_max_failures(std::string_view text, Config& config) {
  return parse_entries(text, config, take_max_failures);
}
std::string parse_worker_mode(std::string_view text, Config& config) {
  return parse_entries(text, config, take_mode);
}
std::string parse_snapshot_ready(std::string_view text, Config& config) {
  return parse_entries(text, config, take_ready);
}

std::vector<WorkerProblem> resolve_worker_scripts(Config& config) {
  std::vector<WorkerProblem> problems;
  if (config.worker_scripts.empty()) note_settings_without_scripts(config);
  for (WorkerScript& script : config.worker_scripts) {
    fs::path path = find_script(script, config.document_root);
    script.path = path.string();
    script.name = name_below(path, config.document_root);
    std::string wrong = check_script(script);
    auto same = std::ranges::count(config.worker_scripts, script.path, &WorkerScript::path);
    if (wrong.empty() && same > 1) wrong = "named twice: " + script.path;
    if (!wrong.empty()) problems.push_back({"WORKER_SCRIPT", std::move(wrong)});
  }
  if (!config.worker_scripts.empty() && !config.use_ext) {
    problems.push_back({"USE_EXT", "WORKER_SCRIPT needs it"});
  }
  config.classic_pool = config.worker_scripts.empty() || classic_is_reachable(config);
  return problems;
}

bool classic_is_reachable(const Config& config) {
  const bool controller = config.index_file.ends_with(".php");
  const bool nothing_runs =
      std::ranges::find(config.php_deny, kEverything) != config.php_deny.end();
  if ((!controller || config.index_scripts) && !nothing_runs) return true;
  return controller && std::ranges::none_of(config.worker_scripts, takes_everything);
}

std::vector<uint32_t> pool_numbers(const Config& config) {
  std::vector<uint32_t> numbers;
  if (config.use_stub) return numbers;
  if (config.classic_pool) numbers.push_back(0);
  for (uint32_t i = 0; i < config.worker_scripts.size(); ++i) numbers.push_back(i + 1);
  return numbers;
}

std::string pool_name(const Config& config, uint32_t number) {
  return number == 0 ? "classic" : config.worker_scripts[number - 1].given;
}

}  // namespace howdah::app
