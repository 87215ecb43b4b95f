#pragma once

// The settings in use with the keys that they name, and those that a reload is about to bring.

#include <optional>
#include <string>
#include <vector>

#include "app/config/load.h"
#include "app/parent/tls_keys.h"

namespace howdah::app {

// One in the parent. Settings change as a whole or not at all.
class Reloadable {
 public:
  // `sources` are what `config` was loaded from.
  Reloadable(Sources sources, Config config, TlsKeys tls)
      : sources_(std::move(sources)), config_(std::move(config)), tls_(std::move(tls)) {}

  const Config& config() const { return config_; }
  TlsKeys& tls() { return tls_; }

  // Reads all sources and keys again. Returns what is wrong, a line each; nothing: next_config() is
  // there until adopt_next() or drop_next().
  std::vector<std::string> load_next();
  const Config& next_config() const { return *next_; }
  TlsKeys& next_tls() { return *next_tls_; }
  // The notices of the next configuration that the one in use did not have, and what it changes
  // that needs a restart. A line each.
  std::vector<std::string> news() const;
  void adopt_next();
  void drop_next();

 private:
  std::vector<std::string> read_next();

  const Sources sources_;
  Config config_;
  TlsKeys tls_;
  std::optional<Config> next_;
  std::optional<TlsKeys> next_tls_;
};

}  // namespace howdah::app
