#include "app/parent/reloadable.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "app/config/checks.h"

namespace howdah::app {

std::vector<std::string> Reloadable::load_next() {
  try {
    return read_next();
  } catch (const std::exception& error) {
    // Of a library: no memory, a file system that vanishes.
    return {error.what()};
  }
}

std::vector<std::string> Reloadable::read_next() {
  Sources sources = sources_;
  sources.in_use = &config_;
  Loaded loaded = load_config(sources);
  if (!loaded.problems.empty()) return std::move(loaded.problems);
  TlsKeys keys(loaded.config);
  auto read = keys.load();
  if (!read) {
    // They were right a moment ago, when the settings were checked.
    std::vector<std::string> problems;
    for (const TlsProblem& problem : read.error()) {
      problems.push_back(describe_problem(loaded.config, problem.setting, problem.what));
    }
    return problems;
  }
  next_ = std::move(loaded.config);
  next_tls_ = std::move(keys);
  return {};
}

std::vector<std::string> Reloadable::news() const {
  std::vector<std::string> lines;
  for (const std::string& name : next_->restart_wanted) {
    lines.push_back(name + " has changed: it needs a restart, and stays as it was");
  }
  for (const std::string& notice : next_->notices) {
    if (std::ranges::find(config_.notices, notice) == config_.notices.end()) {
      lines.push_back(notice);
    }
  }
  return lines;
}

void Reloadable::adopt_next() {
  config_ = std::move(*next_);
  tls_ = std::move(*next_tls_);
  drop_next();
}

void Reloadable::drop_next() {
  next_.reset();
  next_tls_.reset();
}

}  // namespace howdah::app
