#include "app/watch/plan_of.h"

#include "app/watch/path_glob.h"

namespace howdah::app {
namespace {

bool is_below(const std::string& path, const std::string& root) {
  return path == root || path.starts_with(root + "/");
}

void add_site(const Config& config, WatchPlan& plan) {
  auto add = [&](const std::string& base) {
    WatchSet& set = plan.sets.emplace_back();
    set.base = base;
    set.web_root = config.document_root;
    set.patterns = {"**"};
    for (const std::string& pattern : config.watch_ignore) set.patterns.push_back("!" + pattern);
    set.meaning = WatchSet::Meaning::kByName;
  };
  add(config.watch_root);
  if (!is_below(config.document_root, config.watch_root)) add(config.document_root);
  // Settings, whatever their names are.
  WatchSet settings{.base = config.watch_root, .web_root = config.document_root};
  for (const std::string& file : {config.env_file, config.php_ini}) {
    if (!file.empty()) settings.patterns.push_back(file);
  }
  if (!settings.patterns.empty()) plan.sets.push_back(std::move(settings));
}

}  // namespace

WatchPlan watch_plan(const Config& config) {
  WatchPlan plan{.poll = config.watch_poll};
  for (const WorkerScript& script : config.worker_scripts) {
    plan.sets.push_back({.base = config.document_root,
                         .web_root = config.document_root,
                         .patterns = split_patterns(script.watch)});
  }
  if (config.watch) add_site(config, plan);
  return plan;
}

}  // namespace howdah::app
