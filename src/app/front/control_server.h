#pragma once

// The control socket: what `howdah status` and `howdah reload` talk to.
//
// A client sends one line, "status" or "reload", and reads one JSON object until the end. The
// socket's mode keeps other users away.

#include <boost/asio/io_context.hpp>
#include <string>

#include "base/result.h"
#include "ops/internal_pages.h"

namespace howdah::app {

inline constexpr int kControlTimeoutMs = 5000;
inline constexpr size_t kLongestControlLine = 256;

// Serves on `listener` (the caller keeps it) for as long as `io` runs, on its one thread.
void start_control_server(boost::asio::io_context& io, int listener,
                          const ops::InternalPages& pages);

// The client's side: sends `line`, returns the answer.
base::Result<std::string> ask_server(const std::string& socket_path, std::string_view line);

}  // namespace howdah::app
