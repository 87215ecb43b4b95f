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

namespace howdah::app {

// How long the client waits, and how long the server has a client, from its line to the answer's
// last byte. At most ops::kMostInternalConnections clients are served at once.
inline constexpr int kControlTimeoutMs = 5000;
inline constexpr std::chrono::seconds kControlClientTime{5};
inline constexpr size_t kLongestControlLine = 256;

// Serves on `listener` (the caller keeps it) for as long as `io` runs, on its one thread.
void start_control_server(boost::asio::io_context& io, int listener,
                          const ops::InternalPages& pages);

// The client's side: sends `line`, returns the answer.
base::Result<std::string> ask_server(const std::string& socket_path, std::string_view line);

}  // namespace howdah::app
