#include "app/status/status_command.h"

#include <cstdio>
#include <string>

#include "app/front/control_server.h"
#include "app/status/ask.h"
#include "app/status/status_view.h"
#include "app/status/terminal.h"

namespace howdah::app {
namespace {

constexpr std::chrono::milliseconds kDrawPause{1000};
// Shorter than one that is asked once: keys are not heard meanwhile.
constexpr std::chrono::milliseconds kLiveTimeout{2000};
constexpr std::string_view kKeys = "q: end";

ServerAnswer ask_status(const Config& config, std::chrono::milliseconds timeout) {
  return ask_running_server(config, "status", timeout);
}

// Goes on while the server restarts: what it said last stays, with a word about it.
int watch(const Config& config, ServerAnswer answer) {
  nlohmann::json shown = std::move(answer.json);
  std::string notice(kKeys);
  Terminal terminal;
  for (;;) {
    if (!terminal.draw(status_screen(shown, terminal.size(), notice))) return 1;
    Terminal::Event event = terminal.wait(kDrawPause);
    if (event == Terminal::Event::kEnd) return 0;
    if (event == Terminal::Event::kResize) continue;
    answer = ask_status(config, kLiveTimeout);
    if (answer.problem.empty()) shown = std::move(answer.json);
    notice = answer.problem.empty() ? std::string(kKeys) : printable(answer.problem);
  }
}

}  // namespace

int show_status(const Config& config, StatusFormat format) {
  ServerAnswer answer = ask_status(config, kStatusTimeout);
  if (!answer.problem.empty()) {
    std::fprintf(stderr, "howdah: %s\n", answer.problem.c_str());
    return answer.exit_status;
  }
  if (format == StatusFormat::kText && Terminal::is_there()) {
    return watch(config, std::move(answer));
  }
  const std::string text = format == StatusFormat::kText ? status_report(answer.json) : answer.text;
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace howdah::app
