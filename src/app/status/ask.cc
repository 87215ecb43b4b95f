#include "app/status/ask.h"

#include <fmt/format.h>

#include "app/front/control_server.h"
#include "app/parent/parent.h"

namespace howdah::app {

ServerAnswer ask_running_server(const Config& config, std::string_view line,
                                std::chrono::milliseconds timeout) {
  const std::string& path = config.control_socket;
  if (path.empty()) {
    return {.problem = "there is no CONTROL_SOCKET to ask", .exit_status = kExitWrongSettings};
  }
  auto text = ask_server(path, line, timeout);
  if (!text) {
    return {.problem = fmt::format("no server answers at CONTROL_SOCKET={}: {}", path,
                                   text.error().message()),
            .exit_status = 1};
  }
  ServerAnswer answer{.text = std::move(*text)};
  answer.json = nlohmann::json::parse(answer.text, nullptr, false);
  if (!answer.json.is_object()) {
    answer.problem = "the server ended before it answered";
  } else if (answer.json.contains("error")) {
    answer.problem = answer.json.value("error", "");
  }
  if (!answer.problem.empty()) answer.exit_status = 1;
  return answer;
}

}  // namespace howdah::app
