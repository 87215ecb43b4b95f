#include "ops/internal_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <list>
#include <memory>
#include <utility>

#include "base/fd.h"
#include "ops/internal_access.h"

namespace howdah::ops {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Serve = std::function<asio::awaitable<void>(InternalSocket)>;

// After descriptors have run out.
constexpr std::chrono::milliseconds kAcceptPause{100};

// What Asio or Beast throw (no memory) costs the connection only.
void ignore_exception(const std::exception_ptr&) {}

asio::awaitable<void> count_and_serve(Serve& serve, InternalSocket socket, size_t& connections) {
  ++connections;
  try {
    co_await serve(std::move(socket));
  } catch (const std::exception&) {
  }
  --connections;
}

asio::awaitable<void> accept_loop(asio::io_context& io, base::UniqueFd listener, Serve serve,
                                  std::function<bool()> make_room) {
  asio::posix::stream_descriptor watched(io, listener.release());
  asio::steady_timer pause(io);
  size_t connections = 0;
  for (;;) {
    error_code error;
    co_await watched.async_wait(asio::posix::stream_descriptor::wait_read,
                                asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    int fd = ::accept4(watched.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) continue;
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    base::UniqueFd accepted(fd);
    if (connections >= kMostInternalConnections && !make_room()) continue;
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    InternalSocket socket(io);
    socket.assign(asio::generic::stream_protocol(name.ss_family, 0), accepted.release(), error);
    if (error) continue;
    asio::co_spawn(io, count_and_serve(serve, std::move(socket), connections), ignore_exception);
  }
}

// Connections whose request is not there yet, the one that waits longest first. Somebody who opens
// many and says nothing must not keep a probe out.
class WaitingStreams {
 public:
  // In the list for as long as it lives.
  class Place {
   public:
    Place(WaitingStreams& list, InternalStream& stream)
        : streams_(list.streams_), place_(streams_.insert(streams_.end(), &stream)) {}
    ~Place() { streams_.erase(place_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    std::list<InternalStream*>& streams_;
    std::list<InternalStream*>::iterator place_;
  };

  // Ends the connection that waits longest. Its place is given up a little later, so that it goes
  // to the end of the list first.
  bool end_oldest() {
    if (streams_.empty()) return false;
    streams_.splice(streams_.end(), streams_, streams_.begin());
    streams_.back()->close();
    return true;
  }

 private:
  std::list<InternalStream*> streams_;
};

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

http::response<http::string_body> make_response(Page page,
                                                const http::request<http::string_body>& request) {
  http::response<http::string_body> response;
  response.version(request.version());
  response.result(static_cast<unsigned>(page.status));
  response.set(http::field::server, "howdah");
  response.set(http::field::content_type,
               boost::beast::string_view(page.content_type.data(), page.content_type.size()));
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (!page.content_security_policy.empty()) {
    response.set("Content-Security-Policy", page.content_security_policy);
    response.set("Referrer-Policy", "no-referrer");
  }
  if (page.status == 405) {
    response.set(http::field::allow, order_at(view(request.target())) ? "POST" : "GET, HEAD");
  }
  if (page.status == 401) response.set(http::field::www_authenticate, "Bearer");
  response.keep_alive(request.keep_alive());
  response.content_length(page.body.size());
  if (request.method() != http::verb::head) response.body() = std::move(page.body);
  return response;
}

bool is_loopback(InternalSocket& socket) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(socket.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size) < 0) {
    return false;
  }
  if (peer.ss_family == AF_UNIX) return true;
  if (peer.ss_family == AF_INET) {
    auto& address = reinterpret_cast<sockaddr_in&>(peer).sin_addr;
    return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  auto& address = reinterpret_cast<sockaddr_in6&>(peer).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return address.s6_addr[12] == IN_LOOPBACKNET;
  return IN6_IS_ADDR_LOOPBACK(&address);
}

asio::awaitable<Page> answer_post(const InternalPages& pages, Order order, InternalSocket& socket,
                                  const http::request<http::string_body>& request) {
  PostOrigin post{.loopback = is_loopback(socket),
                  .from_web_page = request.count(http::field::origin) > 0,
                  .host = view(request[http::field::host]),
                  .authorization = view(request[http::field::authorization])};
  if (auto refused = refuse_post(post, pages.access())) co_return std::move(*refused);
  co_return co_await carry_out_and_wait(pages, order);
}

bool wants_events(const http::request<http::string_body>& request) {
  std::string_view target = view(request.target());
  return request.method() == http::verb::get && target.substr(0, target.find('?')) == "/events";
}

asio::awaitable<void> serve_http(InternalPages& pages, EventFeed& feed, WaitingStreams& waiting,
                                 InternalSocket socket) {
  InternalStream stream(std::move(socket));
  boost::beast::flat_buffer buffer;
  for (;;) {
    error_code error;
    http::request_parser<http::string_body> parser;
    parser.header_limit(kInternalHeadBytes);
    parser.body_limit(kInternalBodyBytes);
    stream.expires_after(kInternalTimeout);
    {
      WaitingStreams::Place place(waiting, stream);
      co_await http::async_read(stream, buffer, parser,
                                asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) break;
    const auto& request = parser.get();
    const bool events = wants_events(request);
    if (events && !feed.is_full()) {
      co_await feed.serve(stream);
      break;
    }
    Page page;
    auto order = order_at(view(request.target()));
    if (request.method() == http::verb::post && order) {
      page = co_await answer_post(pages, *order, stream.socket(), request);
      stream.expires_after(kInternalTimeout);
    } else if (wants_stacks(view(request.method_string()), view(request.target()))) {
      page = co_await wait_for_stacks(pages);
      stream.expires_after(kInternalTimeout);
    } else if (events) {
      page = {.status = 503, .body = R"({"error":"too many listen already"})"};
    } else {
      page = pages.get(view(request.method_string()), view(request.target()));
    }
    auto response = make_response(std::move(page), request);
    co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
    if (error || !response.keep_alive()) break;
  }
  error_code ignored;
  stream.socket().shutdown(InternalSocket::shutdown_send, ignored);
}

}  // namespace

void accept_connections(asio::io_context& io, int listener, Serve serve,
                        std::function<bool()> make_room) {
  base::UniqueFd copy(::fcntl(listener, F_DUPFD_CLOEXEC, 3));
  if (!copy) base::die("fcntl(F_DUPFD_CLOEXEC)");
  asio::co_spawn(io, accept_loop(io, std::move(copy), std::move(serve), std::move(make_room)),
                 ignore_exception);
}

namespace {

// Waits for what `begin` promises, or gives `otherwise`.
template <class T>
asio::awaitable<T> wait_for(std::chrono::seconds limit, T otherwise,
                            std::function<void(std::function<void(T)>)> begin) {
  struct Wait {
    asio::steady_timer over;
    T value;
  };
  // Shared with the answer on its way; the answer may come when nobody waits any more.
  auto wait = std::make_shared<Wait>(asio::steady_timer(co_await asio::this_coro::executor, limit),
                                     std::move(otherwise));
  begin([weak = std::weak_ptr(wait)](const T& value) {
    auto waiting = weak.lock();
    if (!waiting) return;
    asio::post(waiting->over.get_executor(), [waiting, value] {
      waiting->value = value;
      waiting->over.cancel();
    });
  });
  error_code cancelled;
  co_await wait->over.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  co_return std::move(wait->value);
}

}  // namespace

asio::awaitable<Page> carry_out_and_wait(const InternalPages& pages, Order order) {
  Page late{.status = 504, .body = R"({"error":"this has not ended yet; the log tells"})"};
  return wait_for<Page>(
      kOrderLimit, std::move(late),
      [&pages, order](std::function<void(Page)> done) { pages.carry_out(order, std::move(done)); });
}

asio::awaitable<Page> wait_for_stacks(const InternalPages& pages) {
  auto stacks = co_await wait_for<std::vector<pool::WorkerStack>>(
      kStacksLimit, {}, [&pages](StacksDone done) { pages.gather_stacks(std::move(done)); });
  co_return pages.workers_with(stacks);
}

void start_internal_server(asio::io_context& io, InternalPages& pages, EventFeed& feed,
                           const std::vector<int>& listeners) {
  // Shared by the listeners' tasks, which end with `io`.
  auto waiting = std::make_shared<WaitingStreams>();
  for (int listener : listeners) {
    accept_connections(
        io, listener,
        [&pages, &feed, waiting](InternalSocket socket) {
          return serve_http(pages, feed, *waiting, std::move(socket));
        },
        [waiting] { return waiting->end_oldest(); });
  }
}

}  // namespace howdah::ops
