#pragma once

// The control socket: what `howdah status` and `howdah reload` talk to.
//
// A client sends one line, "status" or "reload", and reads one JSON object until the end. The
// socket's mode keeps other users away.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>

#include "base/result.h"
#include "ops/internal_pages.h"
#include "ops/internal_server.h"

namespace howdah::app {

// How long the client waits for an answer, and how long the server has a client for its line, and
// for taking the answer. At most ops::kMostInternalConnections clients are served at once.
inline constexpr std::chrono::seconds kStatusTimeout{5};
inline constexpr std::chrono::seconds kReloadTimeout = ops::kOrderLimit + std::chrono::seconds(5);
inline constexpr std::chrono::seconds kControlClientTime{5};
inline constexpr size_t kLongestControlLine = 256;

// Serves on `listener` (the caller keeps it) for as long as `io` runs, on its one thread.
void start_control_server(boost::asio::io_context& io, int listener, ops::InternalPages& pages);

// The client's side: sends `line`, returns the answer.
base::Result<std::string> ask_server(const std::string& socket_path, std::string_view line,
                                     std::chrono::milliseconds timeout);

}  // namespace howdah::app
