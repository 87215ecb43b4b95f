#include "app/front/front_server.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "app/config/checks.h"
#include "app/config/config_json.h"
#include "app/front/control_server.h"
#include "app/front/front_options.h"
#include "app/parent/tls_packet.h"
#include "ops/internal_server.h"
#include "serve/tls_handshake.h"

namespace howdah::app {
namespace {

base::Logger::Options access_options(const base::Logger& log) {
  base::Logger::Options options = log.options();
  // LOG_LEVEL is about the server's own lines.
  options.level = base::LogLevel::kInfo;
  return options;
}

std::vector<std::unique_ptr<net::EventLoop>> make_loops(uint32_t count) {
  std::vector<std::unique_ptr<net::EventLoop>> loops;
  for (uint32_t i = 0; i < count; ++i) loops.push_back(std::make_unique<net::EventLoop>(i));
  return loops;
}

ops::SpanCounts span_counts(const ops::SpanRings* spans) {
  if (spans == nullptr) return {};
  return {.exported = spans->exported(), .dropped = spans->dropped()};
}

std::string names_of(const std::vector<net::Listener>& listeners) {
  std::string names;
  for (const net::Listener& listener : listeners) {
    names += (names.empty() ? "" : ", ") + listener.name;
  }
  return names;
}

std::vector<int> descriptors(const std::vector<net::Listener>& listeners) {
  std::vector<int> fds;
  for (const net::Listener& listener : listeners) fds.push_back(listener.fd.get());
  return fds;
}

}  // namespace

FrontServer::FrontServer(const FrontStart& start, base::Logger& log, base::AsyncLogSink& sink)
    : start_(start),
      config_(start.config),
      log_(log),
      sink_(sink),
      access_logger_(sink, access_options(log)),
      access_log_(access_logger_),
      metrics_(config_.front_threads),
      observer_(metrics_, config_.access_log ? &access_log_ : nullptr, start.spans),
      rate_limiter_(rate_limits(config_)),
      loops_(make_loops(config_.front_threads)),
      pages_(page_sources()) {}

FrontServer::~FrontServer() = default;

ops::InternalPages::Sources FrontServer::page_sources() {
  return {.metrics = metrics_,
          .phase = phase_,
          .started = base::monotonic_now(),
          .pools = [this] { return pools_->statuses(); },
          .workers = [this] { return pools_->worker_status(); },
          .stacks = [this](ops::StacksDone done) { pools_->gather_stacks(std::move(done)); },
          .spool_bytes = [this] { return shared_->spool.used(); },
          .log_lines_dropped = [this] { return sink_.dropped() + start_.lost_lines.value(); },
          .rate_store = [this]() -> std::optional<serve::RateStoreStatus> {
            return rate_store_ ? std::optional(rate_store_->status()) : std::nullopt;
          },
          .spans = [this] { return span_counts(start_.spans); },
          .carry_out =
              [this](ops::Order order, OrderDone done) {
                order == ops::Order::kReload ? want_reload(std::move(done))
                                             : want_restart(std::move(done));
              },
          .config = config_json(config_),
          .access = {.token = config_.internal_token, .address = config_.internal_addr}};
}

base::Status FrontServer::prepare() {
  auto shared = serve::SharedServices::create(serve_options(config_, start_.sockets), log_,
                                              observer_, &rate_limiter_);
  if (!shared) return base::fail(shared.error());
  shared_ = std::move(*shared);
  std::vector<net::EventLoop*> loops;
  for (auto& loop : loops_) loops.push_back(loop.get());
  pools_ = std::make_unique<Pools>(
      config_, loops,
      [this](uint32_t pool, uint32_t generation, pool::HostSettings settings) {
        start_host(pool, generation, settings);
      },
      log_);
  for (uint32_t i = 0; i < loops_.size(); ++i) {
    front_loops_.push_back(
        std::make_unique<serve::FrontLoop>(*loops_[i], *shared_, pools_->queues(i)));
  }
  if (start_.tls) {
    auto context = read_tls(start_.tls.get());
    if (!context) return base::fail(context.error());
    for (auto& loop : front_loops_) loop->use_tls(*context);
  }
  return base::set_nonblocking(start_.link.get());
}

int FrontServer::run() {
  net::EventLoop& primary = *loops_.front();
  link_.emplace(primary.io(), start_.link.get());
  watch_link();
  start_rate_store();
  start_operations();
  std::vector<std::thread> threads;
  for (size_t i = 1; i < loops_.size(); ++i) {
    threads.emplace_back([this, i] {
      ExchangeLog::bind_thread(i);
      loops_[i]->run();
    });
  }
  primary.post([this] {
    pools_->start([this] { on_ready(); }, [this](std::string why) { on_cannot_start(why); });
  });
  primary.run();
  for (std::thread& thread : threads) thread.join();
  stop_operations();
  rate_limiter_.use_store(nullptr);
  rate_store_.reset();
  link_->release();
  front_loops_.clear();
  pools_.reset();
  return exit_status_;
}

void FrontServer::start_rate_store() {
  auto url = serve::parse_redis_url(config_.rate_limit_store);
  if (!url) return;
  rate_store_ = std::make_unique<serve::RateStore>(std::move(*url), log_);
  rate_limiter_.use_store(rate_store_.get());
}

void FrontServer::start_operations() {
  std::vector<int> internal = descriptors(start_.sockets.internal);
  std::vector<int> control = descriptors(start_.sockets.control);
  if (internal.empty() && control.empty()) return;
  ops::start_internal_server(operations_, pages_, feed_, internal);
  for (int listener : control) start_control_server(operations_, listener, pages_);
  operations_thread_ = std::thread([this] { operations_.run(); });
}

void FrontServer::stop_operations() {
  operations_.stop();
  if (operations_thread_.joinable()) operations_thread_.join();
}

void FrontServer::start_host(uint32_t pool, uint32_t generation, pool::HostSettings settings) {
  tell_parent({.type = LinkType::kStartHost,
               .pool = pool,
               .generation = generation,
               .status = settings == pool::HostSettings::kNext ? 1 : 0});
}

void FrontServer::tell_parent(const LinkMessage& message) {
  // A parent that is gone is noticed by the link's end.
  std::ignore = send_link(start_.link.get(), message);
}

void FrontServer::watch_link() {
  link_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;
                      on_link();
                      watch_link();
                    });
}

void FrontServer::on_link() {
  spares_.release();
  for (;;) {
    auto received = receive_link(start_.link.get());
    if (received) {
      on_link_message(std::move(*received));
      continue;
    }
    if (received.error().sys_errno == EAGAIN) return spares_.refill();
    if (received.error().sys_errno == EMFILE) {
      log_.error("a message of the parent is lost", {{"reason", received.error().message()}});
      continue;
    }
    // Nobody would restart or end this process any more.
    log_.error("the parent is gone: ending");
    ::_exit(1);
  }
}

void FrontServer::on_link_message(ReceivedLink link) {
  const LinkMessage& message = link.message;
  switch (message.type) {
    case LinkType::kHostStarted:
      if (link.fds.size() != 1) return;
      return pools_->host_started(message.pool, message.generation, std::move(link.fds[0]),
                                  message.pid);
    case LinkType::kHostExited:
      return pools_->host_exited(message.pid, message.status);
    case LinkType::kDrain:
      return begin_drain();
    case LinkType::kCut:
      return cut();
    case LinkType::kPing:
      return on_each_loop([](size_t) {}, [this] { tell_parent({.type = LinkType::kPong}); });
    case LinkType::kNewLog:
      if (link.fds.size() == 1) sink_.reopen(std::move(link.fds[0]));
      return;
    case LinkType::kNewTls:
      if (link.fds.size() == 1) on_new_tls(link.fds[0].get());
      return;
    case LinkType::kReload:
      return on_reload(std::move(link));
    case LinkType::kRestartScripts:
      return restart_scripts(message.scripts);
    case LinkType::kTellBrowsers:
      return tell_browsers(message.status == 0 ? serve::BrowserNews::kStyles
                                               : serve::BrowserNews::kPage);
    case LinkType::kReloadRefused:
      return answer_reloads(message.ticket, reload_failed(link.text));
    default:
      return;
  }
}

base::Result<std::shared_ptr<const net::TlsContext>> FrontServer::read_tls(int packet) {
  auto pairs = unpack_tls(packet);
  if (!pairs) return base::fail(pairs.error());
  std::vector<net::TlsIdentity> identities;
  for (const net::TlsPair& pair : *pairs) {
    auto identity = net::parse_tls_pair(pair);
    // The parent has looked at it in the same way.
    if (!identity) return base::fail({base::ErrorKind::kInvalid, 0, "a TLS key pair"});
    identities.push_back(std::move(*identity));
  }
  return net::TlsContext::create(std::move(identities), serve::tls_protocols(), tickets_);
}

void FrontServer::tell_browsers(serve::BrowserNews news) {
  shared_->version.advance();
  on_each_loop([this, news](size_t loop) { front_loops_[loop]->tell_browsers(news); });
}

// Connections keep what they began with.
void FrontServer::on_new_tls(int packet) {
  auto context = read_tls(packet);
  if (!context) {
    log_.error("the certificates in use stay: " + context.error().message());
    return;
  }
  on_each_loop([this, tls = *context](size_t loop) { front_loops_[loop]->use_tls(tls); });
}

void FrontServer::on_ready() {
  if (phase_ != ops::Phase::kStarting) return;  // told to drain meanwhile
  phase_ = ops::Phase::kServing;
  for (size_t i = 0; i < loops_.size(); ++i) {
    // Copied on this thread, which also closes the originals. Shared because tasks are copied.
    auto copies = std::make_shared<std::vector<ListenerCopy>>();
    copy_listeners(start_.sockets.plain, serve::Protocol::kHttp1, *copies);
    copy_listeners(start_.sockets.tls, serve::Protocol::kTlsHandshake, *copies);
    loops_[i]->post([this, i, copies] { listen_on(i, std::move(*copies)); });
  }
  std::string plain = names_of(start_.sockets.plain), tls = names_of(start_.sockets.tls);
  log_.info("listening", {{"addresses", plain}, {"tls", tls}});
  std::string hosts = idle_hosts_notice(config_, pools_->status().php_version);
  if (!hosts.empty()) log_.warn(hosts);
  tell_parent({.type = LinkType::kReady});
}

void FrontServer::copy_listeners(const std::vector<net::Listener>& listeners,
                                 serve::Protocol protocol,
                                 std::vector<ListenerCopy>& copies) const {
  for (const net::Listener& listener : listeners) {
    base::UniqueFd copy(::fcntl(listener.fd.get(), F_DUPFD_CLOEXEC, 3));
    if (copy) {
      copies.push_back({std::move(copy), protocol});
    } else {
      log_.error("cannot accept on " + listener.name + ": " + base::errno_error("fcntl").message());
    }
  }
}

void FrontServer::listen_on(size_t loop, std::vector<ListenerCopy> listeners) {
  for (ListenerCopy& listener : listeners) {
    auto status = front_loops_[loop]->listen(std::move(listener.fd), listener.protocol);
    if (!status) log_.error("cannot accept: " + status.error().message());
  }
}

void FrontServer::on_cannot_start(const std::string& why) {
  log_.error("cannot start " + config_.php_program + ": " + why);
  exit_status_ = 1;
  tell_parent({.type = LinkType::kCannotStart});
  finish();
}

void FrontServer::finish() {
  for (auto& loop : loops_) loop->stop();
}

void FrontServer::on_each_loop(std::function<void(size_t)> task, std::function<void()> then) {
  // Shared with the tasks: the last of them brings the word back.
  auto left = std::make_shared<std::atomic<size_t>>(loops_.size());
  for (size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->post([this, i, left, task, then] {
      task(i);
      if (left->fetch_sub(1) == 1 && then) loops_.front()->post(then);
    });
  }
}

}  // namespace howdah::app
