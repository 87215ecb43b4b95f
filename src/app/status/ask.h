#pragma once

// A question to the running server, over CONTROL_SOCKET.

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "app/config/config.h"

namespace howdah::app {

struct ServerAnswer {
  std::string problem;  // for stderr; empty = there is an answer
  int exit_status = 0;  // of a program that ends with that problem
  std::string text;     // one JSON object, as it came
  nlohmann::json json;
};

ServerAnswer ask_running_server(const Config& config, std::string_view line,
                                std::chrono::milliseconds timeout);

}  // namespace howdah::app
