#include "app/config/settings_page.h"

#include <fmt/format.h>

#include <cctype>
#include <iterator>

#include "app/config/settings.h"

namespace howdah::app {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

This page is made from the table of settings in `src/app/config`: change it there, then run `./dev docs`.

Every setting is an environment variable and a flag: `DOCUMENT_ROOT` is `--document-root`. Later wins:

1. the built-in default
2. `--env-file FILE`: lines of `NAME=value`; empty lines and lines that begin with `#` are skipped, `export` may
   stand before a name. A value in single quotes is taken as it is; in double quotes `\n \t \r \" \\` are understood;
   without quotes it ends at ` #`. Nothing is expanded. A line that cannot be read is an error that names its number.
3. the environment. `HOWDAH_X` is read before `X`, for names that another program uses as well.
4. the command line

An empty value stands for the default. What PHP finds in its environment is the server's and the env-file's, without
secrets.

A value that does not parse, a file that does not exist, half of a TLS pair, a port in use: one line names the
variable, the value and what is accepted, and the exit status is 2 before anything listens. `howdah check` says so
without a start, and what would run, and what is unwise. A flag that is unknown is an error; a variable whose name is
nearly that of a setting (`PHP_WORKER`) is told of in the log and by `howdah check`.

- **Durations**: an integer plus `ms s m h d w y` (m = minute); a bare integer is seconds; `off` or `0` is no limit.
  Exceptions: `DRAIN_TIMEOUT_SECS=0` cuts at once, `IDLE_TIMEOUT_SECS=0` means no keep-alive, `RATE_WINDOW=0` is an error.
- **Sizes**: an integer plus `k m g` (powers of 1024); a bare integer is bytes.
- **Booleans**: `1 true on yes` or `0 false off no`, in any letter case.
- **reload**: a reload (`howdah reload`, SIGHUP, POST /reload) takes a changed value; **restart**: it keeps the old
  one and names the setting in the log.
- **secret**: it is shown nowhere, and PHP's environment does not have it.

Beside the settings: `RUST_LOG` is read when `LOG_LEVEL` is unset (`tokio_php=debug` or a level; anything more
complex means `info`).
)";

std::string code(std::string_view text) { return fmt::format("`{}`", text); }

// As a sentence: with a capital, and a point at its end.
std::string sentence(std::string_view text) {
  std::string line(text);
  line[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(line[0])));
  if (!line.ends_with('.')) line += '.';
  return line;
}

std::string_view secrecy_note(Secrecy secrecy) {
  switch (secrecy) {
    case Secrecy::kPublic:
      return "";
    case Secrecy::kHidden:
      return " · shown nowhere";
    case Secrecy::kSecret:
      return " · secret";
  }
  return "";
}

void append_setting(std::string& page, const Setting& setting) {
  auto out = std::back_inserter(page);
  fmt::format_to(out, "\n### {}\n\n{}", setting.name, sentence(setting.help));
  std::string_view detail = detail_of(setting.name);
  if (!detail.empty()) fmt::format_to(out, " {}", detail);
  fmt::format_to(out, "\n\n{} · default {} · {}{}\\\n", code(setting.flag()),
                 setting.default_text.empty() ? "unset" : code(setting.default_text),
                 setting.effective == Effective::kReload ? "reload" : "restart",
                 secrecy_note(setting.secrecy));
  fmt::format_to(out, "Accepted: {}\n", setting.accepted());
}

}  // namespace

std::string settings_page() {
  std::string page(kIntroduction);
  const Section* previous = nullptr;
  for (const Setting& setting : settings()) {
    if (previous == nullptr || *previous != setting.section) {
      page += fmt::format("\n## {}\n", name_of(setting.section));
    }
    previous = &setting.section;
    append_setting(page, setting);
  }
  return page;
}

}  // namespace howdah::app
