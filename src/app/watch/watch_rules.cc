#include "app/watch/watch_rules.h"

#include <algorithm>
#include <span>
#include <utility>

namespace howdah::app {
namespace {

// Below the root of a site, or below its DOCUMENT_ROOT: what applications write while they run.
// `*` stands for one name.
constexpr std::string_view kRuntimeFolders[] = {
    "var",                 // Symfony, TYPO3
    "storage",             // Laravel, Craft
    "bootstrap/cache",     // Laravel
    "writable",            // CodeIgniter
    "runtime",             // Yii
    "data/cache",          // Laminas
    "typo3temp",           // TYPO3
    "wp-content/cache",    // WordPress
    "wp-content/upgrade",  //
    "wp-content/uploads",  //
    "sites/*/files",       // Drupal
    "uploads",
    "cache",
    "logs",
    "log",
    "tmp",
    "temp",
};

constexpr std::string_view kCodeEndings[] = {
    "php",   "phtml", "inc", "module", "theme", "install", "profile",  "twig",
    "latte", "tpl",   "ini", "env",    "yaml",  "yml",     "neon",     "xml",
    "json",  "toml",  "po",  "mo",     "xlf",   "lock",    "mustache",
};
constexpr std::string_view kPageEndings[] = {
    "js",   "mjs",  "html", "htm",  "svg",   "png", "jpg", "jpeg", "gif",
    "webp", "avif", "ico",  "woff", "woff2", "ttf", "otf", "wasm", "webmanifest",
};
constexpr std::string_view kPassingEndings[] = {
    "~",     ".swp",  ".swo",        ".swx",         ".swpx",        ".tmp",
    ".temp", ".part", ".crdownload", "___jb_tmp___", "___jb_old___", ".kate-swp",
};
constexpr std::string_view kPassingBeginnings[] = {".#", "#", ".goutputstream-", ".~lock."};

bool ends_in_one_of(std::string_view name, std::span<const std::string_view> endings) {
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  return std::ranges::find(endings, name.substr(dot + 1)) != endings.end();
}

std::string_view name_of_path(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Whether `path` is `root` or below it; then `rest` is what follows, without a slash before it.
bool is_within(std::string_view path, std::string_view root, std::string_view& rest) {
  if (root == "/") {
    rest = path.substr(1);
    return true;
  }
  if (!path.starts_with(root)) return false;
  rest = path.substr(root.size());
  if (rest.empty()) return true;
  if (rest[0] != '/') return false;
  rest.remove_prefix(1);
  return true;
}

// The first segment, taken off the front of `path`.
std::string_view take_segment(std::string_view& path) {
  size_t slash = std::min(path.find('/'), path.size());
  std::string_view segment = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return segment;
}

// `relative` is `folder` or below it.
bool is_in_folder(std::string_view relative, std::string_view folder) {
  while (!folder.empty()) {
    std::string_view wanted = take_segment(folder), segment = take_segment(relative);
    if (segment.empty() || (wanted != "*" && wanted != segment)) return false;
  }
  return true;
}

bool is_runtime_folder(std::string_view relative) {
  return std::ranges::any_of(
      kRuntimeFolders, [&](std::string_view folder) { return is_in_folder(relative, folder); });
}

bool has_hidden_or_foreign_segment(std::string_view relative) {
  while (!relative.empty()) {
    std::string_view segment = take_segment(relative);
    if (segment.starts_with('.') || segment == "node_modules") return true;
  }
  return false;
}

}  // namespace

bool is_passing_file(std::string_view name) {
  // vim looks whether it can write by making a file of that name, or of the next ones.
  if (std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) return true;
  auto begins = [&](std::string_view text) { return name.starts_with(text); };
  auto ends = [&](std::string_view text) { return name.ends_with(text); };
  return std::ranges::any_of(kPassingEndings, ends) ||
         std::ranges::any_of(kPassingBeginnings, begins);
}

Change change_by_name(std::string_view name) {
  if (name.starts_with(".env") || ends_in_one_of(name, kCodeEndings)) return Change::kCode;
  if (name.ends_with(".css")) return Change::kStyles;
  return ends_in_one_of(name, kPageEndings) ? Change::kPage : Change::kNone;
}

WatchRules::WatchRules(const WatchPlan& plan) {
  for (const WatchSet& set : plan.sets) {
    Set& made = sets_.emplace_back();
    made.meaning = set.meaning;
    for (std::string_view pattern : set.patterns) {
      bool excludes = pattern.starts_with('!');
      auto glob = PathGlob::parse(pattern.substr(excludes ? 1 : 0), set.base);
      if (!glob) continue;
      if (excludes) {
        made.excluded.push_back(std::move(*glob));
        continue;
      }
      if (std::ranges::find(roots_, glob->root()) == roots_.end()) roots_.push_back(glob->root());
      std::string_view rest;
      bool site = is_within(set.web_root, glob->root(), rest);
      rules_.push_back({std::move(*glob), sets_.size() - 1, site, set.web_root});
    }
  }
}

bool WatchRules::is_ignored(const Rule& rule, std::string_view directory) {
  std::string_view rest;
  if (!is_within(directory, rule.glob.root(), rest)) return false;
  if (has_hidden_or_foreign_segment(rest)) return true;
  if (!rule.site) return false;
  return is_runtime_folder(rest) ||
         (is_within(directory, rule.web_root, rest) && is_runtime_folder(rest));
}

WatchRules::Reach WatchRules::reach(std::string_view directory) const {
  Reach reach;
  for (size_t i = 0; i < rules_.size(); ++i) {
    const Rule& rule = rules_[i];
    bool looks = rule.glob.reaches_below(directory) && !is_ignored(rule, directory);
    if (looks) reach.push_back(static_cast<uint32_t>(i));
  }
  return reach;
}

WatchRules::Match WatchRules::match(const Reach& within, std::string_view path) const {
  Match found;
  std::string_view name = name_of_path(path);
  if (is_passing_file(name)) return found;
  for (uint32_t index : within) {
    const Rule& rule = rules_[index];
    const Set& set = sets_[rule.set];
    Change change =
        set.meaning == WatchSet::Meaning::kAllCode ? Change::kCode : change_by_name(name);
    if (change == Change::kNone || !rule.glob.matches(path)) continue;
    auto has = [&](const PathGlob& glob) { return glob.matches(path); };
    if (std::ranges::any_of(set.excluded, has)) continue;
    found.change = std::max(found.change, change);
    found.sets |= uint64_t{1} << std::min(rule.set, kLastSet);
  }
  return found;
}

WatchRules::Match WatchRules::match_directory(const Reach& of_it) const {
  Match found;
  for (uint32_t index : of_it) {
    found.change = Change::kCode;
    found.sets |= uint64_t{1} << std::min(rules_[index].set, kLastSet);
  }
  return found;
}

WatchRules::Match WatchRules::everything() const {
  Match found;
  for (size_t set = 0; set < sets_.size(); ++set) {
    found.change = Change::kCode;
    found.sets |= uint64_t{1} << std::min(set, kLastSet);
  }
  return found;
}

}  // namespace howdah::app
