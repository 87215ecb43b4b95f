#pragma once

// The table of all settings. Parsing, `--help`, `howdah check`, /config and the log lines about
// settings that need a restart are made from it, so a setting is described once.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "app/config/config.h"

namespace howdah::app {

// The headings of --help, in their order.
enum class Section {
  kAddresses,
  kSite,
  kPhp,
  kProcesses,
  kLimits,
  kAnswers,
  kOperations,
  kLogs,
  kWorkers
};
std::string_view name_of(Section section);
std::string_view name_of(Origin origin);

// When a changed value is used.
enum class Effective { kReload, kRestart };

enum class Secrecy {
  kPublic,
  kHidden,  // never printed; PHP finds it in its environment, where its libraries look for it
  kSecret,  // never printed, never in PHP's environment
};

// Where a value of each kind goes.
struct DurationKind {
  base::Nanos Config::* member = nullptr;
};
// A duration for which 0 is not the same as off.
struct OptionalDurationKind {
  std::optional<base::Nanos> Config::* member = nullptr;
};
struct SizeKind {
  uint64_t Config::* member = nullptr;
  uint64_t min = 0;
  uint64_t max = INT64_MAX;
};
struct BooleanKind {
  bool Config::* member = nullptr;
};
struct IntegerKind {
  uint32_t Config::* member = nullptr;
  uint32_t min = 0;
  uint32_t max = INT32_MAX;
};
// A path, a name: any text. Whether what it names exists is asked in checks.h.
struct TextKind {
  std::string Config::* member = nullptr;
  std::string_view accepted = "any text";
};
// Anything with rules of its own. Returns what is wrong with `text`, empty = nothing.
struct CustomKind {
  std::string_view accepted;
  std::string (*parse)(std::string_view text, Config& config);
};
using Kind = std::variant<DurationKind, OptionalDurationKind, SizeKind, BooleanKind, IntegerKind,
                          TextKind, CustomKind>;

struct Setting {
  std::string_view name;
  Section section;
  std::string_view default_text;
  std::string_view help;
  Kind kind;
  Effective effective = Effective::kRestart;
  Secrecy secrecy = Secrecy::kPublic;

  // "--document-root"
  std::string flag() const;
  // "true or false": what a wrong value is answered with.
  std::string accepted() const;
};

std::span<const Setting> settings();
// Null when there is no such setting.
const Setting* find_setting(std::string_view name);

// Puts the value into its place in `config`. Returns what is wrong with it, empty = nothing.
std::string apply_setting(const Setting& setting, std::string_view text, Config& config);

}  // namespace howdah::app
