#pragma once

// The objects of a running front and how they begin and end together.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "app/front/exchange_log.h"
#include "app/front/front.h"
#include "app/front/pools.h"
#include "app/parent/link.h"
#include "base/async_log_sink.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/event_loop.h"
#include "net/tls_tickets.h"
#include "ops/access_log.h"
#include "ops/event_feed.h"
#include "ops/internal_pages.h"
#include "ops/metrics.h"
#include "serve/front_loop.h"
#include "serve/rate_limiter.h"
#include "serve/services.h"

namespace howdah::app {

inline constexpr size_t kSpareDescriptors = 8;  // more than come with one message

// Made and run on the front's main thread, whose loop is the primary one. Begins with run(),
// accepts when workers are ready, ends after the parent said drain.
class FrontServer final {
 public:
  FrontServer(const FrontStart& start, base::Logger& log, base::AsyncLogSink& sink);
  ~FrontServer();

  // Opens what the front needs itself. Once, before run().
  base::Status prepare();
  // Returns the exit status.
  int run();

 private:
  void start_host(uint32_t pool, uint32_t generation, pool::HostSettings settings);
  void watch_link();
  void on_link();
  void on_link_message(ReceivedLink link);
  void on_ready();
  // A listening socket for one loop.
  struct ListenerCopy {
    base::UniqueFd fd;
    serve::Protocol protocol;
  };
  void copy_listeners(const std::vector<net::Listener>& listeners, serve::Protocol protocol,
                      std::vector<ListenerCopy>& copies) const;
  void listen_on(size_t loop, std::vector<ListenerCopy> listeners);
  base::Result<std::shared_ptr<const net::TlsContext>> read_tls(int packet);
  void on_new_tls(int packet);
  void tell_browsers(serve::BrowserNews news);
  void on_cannot_start(const std::string& why);
  void finish();
  void tell_parent(const LinkMessage& message);
  // Runs `task` on each loop with its number, then `then` on the primary one.
  void on_each_loop(std::function<void(size_t)> task, std::function<void()> then = {});

  // --- front_drain.cc
  void begin_drain();
  void on_loop_drained();
  // Names in the log what is not over, and ends.
  void cut();

  // --- front_reload.cc
  // What a reload brings, checked and opened, from the parent's word to its use or its end.
  struct Next {
    Config config;
    std::shared_ptr<const serve::Site> site;     // of all loops
    std::shared_ptr<const net::TlsContext> tls;  // of all loops; null = no TLS
    uint32_t ticket = 0;
  };
  using OrderDone = std::function<void(ops::Page)>;
  // Asks the parent for a reload that begins later than now. From any thread; `done` is called on
  // the primary loop.
  void want_reload(OrderDone done);
  // New workers in all pools, with the settings in use. Likewise.
  void want_restart(OrderDone done);
  // Files that they name in WORKER_WATCH have changed.
  void restart_scripts(uint64_t scripts);
  // Logs a failure of one of these; false then.
  bool restarted(const std::string& failure) const;
  // When orders can be carried out `task` is called, else `done`. Likewise.
  void while_serving(OrderDone done, std::function<void(OrderDone)> task);
  void on_reload(ReceivedLink link);
  base::Result<Next> prepare_next(const ReceivedLink& link);
  void bring_into_use();
  void end_reload(const std::string& failure);
  void answer_reloads(uint32_t ticket, const ops::Page& page);
  static ops::Page reload_failed(const std::string& why);

  ops::InternalPages::Sources page_sources();
  void start_rate_store();
  void start_operations();
  void stop_operations();

  const FrontStart& start_;
  base::SpareDescriptors spares_{kSpareDescriptors};  // for what the parent sends
  Config config_;
  base::Logger& log_;
  base::AsyncLogSink& sink_;
  base::Logger access_logger_;
  ops::AccessLog access_log_;
  ops::Metrics metrics_;
  ExchangeLog observer_;
  serve::RateLimiter rate_limiter_;
  std::unique_ptr<serve::RateStore> rate_store_;  // null = counts are our own; while loops run
  std::atomic<ops::Phase> phase_{ops::Phase::kStarting};

  net::TlsTickets tickets_;

  std::vector<std::unique_ptr<net::EventLoop>> loops_;
  std::unique_ptr<Pools> pools_;
  std::unique_ptr<serve::SharedServices> shared_;
  std::vector<std::unique_ptr<serve::FrontLoop>> front_loops_;
  std::optional<boost::asio::posix::stream_descriptor> link_;  // on the primary loop
  std::optional<Next> next_;
  // Who waits for a reload, by ticket. Primary loop.
  struct Waiting {
    uint32_t ticket;
    OrderDone done;
  };
  std::vector<Waiting> waiting_;
  uint32_t last_ticket_ = 0;
  size_t loops_to_drain_ = 0;
  int exit_status_ = 0;

  // The internal server and the control socket, on a thread of their own.
  boost::asio::io_context operations_{1};
  ops::InternalPages pages_;
  ops::EventFeed feed_{pages_};
  std::thread operations_thread_;
};

}  // namespace howdah::app
