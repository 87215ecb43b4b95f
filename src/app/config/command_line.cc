#include "app/config/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "app/config/near_miss.h"
#include "app/config/settings.h"

namespace howdah::app {
namespace {

constexpr std::array<std::pair<std::string_view, Command>, 4> kCommands = {
    {{"serve", Command::kServe},
     {"check", Command::kCheck},
     {"reload", Command::kReload},
     {"status", Command::kStatus}}};

constexpr std::string_view kUsage = R"(Howdah, an application server for PHP.

  howdah [serve] [DIR]     serve; with DIR: for development, on 127.0.0.1:8080
  howdah check             validate the configuration, say what would run and what is unwise
  howdah reload            start new workers with new code and settings, then end the old
  howdah status [--json]   how the running server is; on a terminal, live

  --watch                  with serve DIR: new workers when code changes, browsers reload
  --env-file FILE          settings from NAME=value lines
  --version, --help        (--help --markdown: docs/configuration.md)

Every setting is an environment variable and a flag. Later wins: default, --env-file, environment
(HOWDAH_X is read before X), flag. Durations: an integer plus ms s m h d w y, bare = seconds, off.
Sizes: an integer plus k m g.
)";

constexpr size_t kHelpColumn = 33;

// What CLI11 puts values into until they are known to be right.
struct Parsed {
  std::vector<std::string> words;
  std::vector<std::pair<std::string_view, std::vector<std::string>>> flags;
  bool json = false;
  bool help = false;
  bool markdown = false;
  bool version = false;
  bool watch = false;
};

void add_options(CLI::App& app, Parsed& parsed, CommandLine& line) {
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("--help,-h", parsed.help);
  app.add_flag("--markdown", parsed.markdown);
  app.add_flag("--version,-V", parsed.version);
  app.add_flag("--json", parsed.json);
  app.add_flag("--watch", parsed.watch);
  app.add_option("--env-file", line.env_file);
  app.add_option("words", parsed.words);
  parsed.flags.reserve(settings().size());
  for (const Setting& setting : settings()) {
    auto& [name, values] = parsed.flags.emplace_back(setting.name, std::vector<std::string>());
    app.add_option(setting.flag(), values)->expected(1)->take_last();
  }
}

// Without a value, which may be a secret.
std::string unknown_option(std::string_view option) {
  option = option.substr(0, option.find('='));
  std::string nearest = near_flag(option);
  return fmt::format("unknown option {}{}; accepted: see howdah --help", option,
                     nearest.empty() ? "" : ", did you mean " + nearest + "?");
}

void take_words(const std::vector<std::string>& words, CommandLine& line) {
  size_t next = 0;
  if (!words.empty()) {
    for (const auto& [name, command] : kCommands) {
      if (words[0] != name) continue;
      line.command = command;
      next = 1;
      break;
    }
  }
  bool takes_directory = line.command == Command::kServe || line.command == Command::kCheck;
  if (takes_directory && next < words.size()) line.directory = words[next++];
  for (; next < words.size(); ++next) {
    line.problems.push_back(
        fmt::format("{}: unexpected; accepted: see howdah --help", words[next]));
  }
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Parsed parsed;
  CLI::App app;
  try {
    add_options(app, parsed, line);
    app.parse(argc, argv);
    for (const std::string& extra : app.remaining()) {
      line.problems.push_back(unknown_option(extra));
    }
  } catch (const CLI::ParseError& error) {
    line.problems.push_back(fmt::format("{}; accepted: see howdah --help", error.what()));
  }
  take_words(parsed.words, line);
  for (const auto& [name, values] : parsed.flags) {
    for (const std::string& value : values) line.flags.emplace_back(name, value);
  }
  line.watch = parsed.watch;
  bool serves = line.command == Command::kServe && !line.directory.empty();
  if (parsed.watch && !serves) line.problems.push_back("--watch: only for howdah serve DIR");
  if (parsed.json) {
    line.status_format = StatusFormat::kJson;
    if (line.command != Command::kStatus) line.problems.push_back("--json: only for howdah status");
  }
  if (parsed.version) line.command = Command::kVersion;
  if (parsed.help) line.command = parsed.markdown ? Command::kMarkdown : Command::kHelp;
  if (parsed.markdown && !parsed.help) line.problems.push_back("--markdown: only with --help");
  return line;
}

std::string help_text() {
  std::string text(kUsage);
  const Section* previous = nullptr;
  for (const Setting& setting : settings()) {
    if (previous == nullptr || *previous != setting.section) {
      text += fmt::format("\n{}\n", name_of(setting.section));
    }
    previous = &setting.section;
    auto out = std::back_inserter(text);
    fmt::format_to(out, "  {:<{}}{}", setting.flag(), kHelpColumn, setting.help);
    if (!setting.default_text.empty()) fmt::format_to(out, " [{}]", setting.default_text);
    text += '\n';
  }
  return text;
}

}  // namespace howdah::app
