#include "app/front/control_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <cstring>
#include <utility>

#include "base/fd.h"
#include "ops/internal_server.h"

namespace howdah::app {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

asio::awaitable<void> answer(ops::InternalPages& pages, ops::InternalSocket socket) {
  boost::beast::basic_stream<asio::generic::stream_protocol> stream(std::move(socket));
  stream.expires_after(kControlClientTime);
  std::string line;
  error_code error;
  co_await asio::async_read_until(stream, asio::dynamic_buffer(line, kLongestControlLine), '\n',
                                  asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  line.resize(line.find('\n'));
  std::string text = R"({"error":"unknown command"})";
  if (line == "status") text = pages.status();
  if (line == "reload") {
    text = (co_await ops::carry_out_and_wait(pages, ops::Order::kReload)).body;
  }
  text += '\n';
  stream.expires_after(kControlClientTime);
  co_await asio::async_write(stream, asio::buffer(text),
                             asio::redirect_error(asio::use_awaitable, error));
}

}  // namespace

void start_control_server(asio::io_context& io, int listener, ops::InternalPages& pages) {
  ops::accept_connections(io, listener, [&pages](ops::InternalSocket socket) {
    return answer(pages, std::move(socket));
  });
}

base::Result<std::string> ask_server(const std::string& socket_path, std::string_view line,
                                     std::chrono::milliseconds timeout) {
  const int timeout_ms = static_cast<int>(timeout.count());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof name.sun_path) {
    return base::fail({base::ErrorKind::kInvalid, ENAMETOOLONG, "CONTROL_SOCKET"});
  }
  std::memcpy(name.sun_path, socket_path.data(), socket_path.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail_errno("socket");
  auto* address = reinterpret_cast<const sockaddr*>(&name);
  if (::connect(fd.get(), address, sizeof name) < 0) return base::fail_errno("connect");
  std::string request = std::string(line) + '\n';
  auto sent = base::write_all(fd.get(), request.data(), request.size());
  if (!sent) return base::fail(sent.error());
  std::string text;
  char piece[4096];
  for (;;) {
    pollfd waiting{fd.get(), POLLIN, 0};
    int ready = base::retry_eintr([&] { return ::poll(&waiting, 1, timeout_ms); });
    if (ready == 0) return base::fail({base::ErrorKind::kTimeout, 0, "no answer"});
    ssize_t got = base::retry_eintr([&] { return ::read(fd.get(), piece, sizeof piece); });
    if (got < 0) return base::fail_errno("read");
    if (got == 0) return text;
    text.append(piece, static_cast<size_t>(got));
  }
}

}  // namespace howdah::app
