#include "app/front/front_server.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <tuple>
#include <utility>

#include "app/config/config_json.h"
#include "app/front/control_server.h"
#include "ops/internal_server.h"

namespace howdah::app {
namespace {

// Longer than any connection lives: IDLE_TIMEOUT_SECS=off.
constexpr base::Nanos kNoIdleLimit = base::kSecond * 86400 * 365;

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

serve::ServeOptions serve_options(const Config& config) {
  serve::ServeOptions options;
  options.document_root = config.document_root;
  options.index_file = config.index_file;
  options.index_scripts = config.index_scripts;
  options.php_deny = config.php_deny;
  options.follow_symlinks = config.follow_symlinks;
  options.static_cache_ttl = std::nullopt;
  if (config.static_cache_ttl != 0) options.static_cache_ttl = config.static_cache_ttl;
  options.compression = config.compression;
  options.static_cache_size = config.static_cache_size;
  options.max_body_size = config.max_body_size;
  options.max_header_size = config.max_header_size;
  options.header_timeout = config.header_timeout;
  options.body_timeout = config.body_timeout;
  options.idle_timeout = config.idle_timeout.value_or(kNoIdleLimit);
  options.write_timeout = config.write_timeout;
  options.queue_timeout = config.queue_timeout;
  options.request_timeout = config.request_timeout;
  options.max_connections = config.max_connections;
  options.response_headers = config.response_headers;
  options.spool_dir = config.spool_dir;
  options.spool_max = config.spool_max;
  options.stub = config.use_stub ? serve::StubMode::kEmptyAnswers : serve::StubMode::kOff;
  return options;
}

std::vector<int> descriptors(const std::vector<net::Listener>& listeners) {
  std::vector<int> fds;
  for (const net::Listener& listener : listeners) fds.push_back(listener.fd.get());
  return fds;
}

}  // namespace

FrontServer::FrontServer(const FrontStart& start, const base::Logger& log, base::AsyncLogSink& sink)
    : start_(start),
      config_(start.config),
      log_(log),
      sink_(sink),
      access_logger_(sink, access_options(log)),
      access_log_(access_logger_),
      metrics_(config_.front_threads),
      observer_(metrics_, config_.access_log ? &access_log_ : nullptr),
      loops_(make_loops(config_.front_threads)),
      pages_(page_sources()) {}

FrontServer::~FrontServer() = default;

ops::InternalPages::Sources FrontServer::page_sources() {
  return {.metrics = metrics_,
          .phase = phase_,
          .started = base::monotonic_now(),
          .pool =
              [this] {
                // Without PHP nothing has to be waited for.
                return pool_ ? pool_->status() : pool::PoolStatus{.ready = true, .php_version = ""};
              },
          .workers =
              [this] { return pool_ ? pool_->worker_status() : std::vector<pool::WorkerStatus>(); },
          .log_lines_dropped = [this] { return sink_.dropped(); },
          .config = config_json(config_)};
}

base::Status FrontServer::prepare() {
  auto shared = serve::SharedServices::create(serve_options(config_), log_, observer_, nullptr);
  if (!shared) return base::fail(shared.error());
  shared_ = std::move(*shared);
  std::vector<net::EventLoop*> loops;
  for (auto& loop : loops_) loops.push_back(loop.get());
  if (!config_.use_stub) {
    pool::PoolOptions options{.workers = config_.php_workers,
                              .queue_capacity = config_.queue_capacity};
    pool::HostStarter& starter = *this;
    pool_ = std::make_unique<pool::Pool>(options, loops, starter, log_);
  }
  for (size_t i = 0; i < loops_.size(); ++i) {
    pool::JobQueue* jobs = pool_ ? &pool_->dispatcher(static_cast<uint32_t>(i)) : nullptr;
    front_loops_.push_back(std::make_unique<serve::FrontLoop>(*loops_[i], *shared_, jobs));
  }
  return base::set_nonblocking(start_.link.get());
}

int FrontServer::run() {
  net::EventLoop& primary = *loops_.front();
  link_.emplace(primary.io(), start_.link.get());
  watch_link();
  start_operations();
  std::vector<std::thread> threads;
  for (size_t i = 1; i < loops_.size(); ++i) {
    threads.emplace_back([this, i] {
      ExchangeLog::bind_thread(i);
      loops_[i]->run();
    });
  }
  primary.post([this] {
    if (!pool_) return on_ready();
    pool_->start([this] { on_ready(); }, [this](std::string why) { on_cannot_start(why); });
  });
  primary.run();
  for (std::thread& thread : threads) thread.join();
  stop_operations();
  link_->release();
  front_loops_.clear();
  pool_.reset();
  return exit_status_;
}

void FrontServer::start_operations() {
  std::vector<int> internal = descriptors(start_.sockets.internal);
  std::vector<int> control = descriptors(start_.sockets.control);
  if (internal.empty() && control.empty()) return;
  ops::start_internal_server(operations_, pages_, internal);
  for (int listener : control) start_control_server(operations_, listener, pages_);
  operations_thread_ = std::thread([this] { operations_.run(); });
}

void FrontServer::stop_operations() {
  operations_.stop();
  if (operations_thread_.joinable()) operations_thread_.join();
}

void FrontServer::start_host(uint32_t generation) {
  tell_parent({.type = LinkType::kStartHost, .generation = generation});
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
  for (;;) {
    auto received = receive_link(start_.link.get());
    if (received) {
      on_link_message(std::move(*received));
      continue;
    }
    if (received.error().sys_errno == EAGAIN) return;
    // Nobody would restart or end this process any more.
    log_.error("the parent is gone: ending");
    ::_exit(1);
  }
}

void FrontServer::on_link_message(ReceivedLink link) {
  const LinkMessage& message = link.message;
  switch (message.type) {
    case LinkType::kHostStarted:
      if (!pool_ || link.fds.size() != 1) return;
      return pool_->host_started(message.generation, std::move(link.fds[0]), message.pid);
    case LinkType::kHostExited:
      if (pool_) pool_->host_exited(message.pid, message.status);
      return;
    case LinkType::kDrain:
      return begin_drain();
    case LinkType::kNewLog:
      if (link.fds.size() == 1) ::dup3(link.fds[0].get(), start_.log_fd, O_CLOEXEC);
      return;
    default:
      return;
  }
}

void FrontServer::on_ready() {
  if (phase_ != ops::Phase::kStarting) return;  // told to drain meanwhile
  phase_ = ops::Phase::kServing;
  for (size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->post([this, i] { listen_on(i); });
  }
  std::string addresses;
  for (const net::Listener& listener : start_.sockets.listeners) {
    addresses += (addresses.empty() ? "" : ", ") + listener.name;
  }
  log_.info("listening", {{"addresses", addresses}});
  tell_parent({.type = LinkType::kReady});
}

void FrontServer::listen_on(size_t loop) {
  for (const net::Listener& listener : start_.sockets.listeners) {
    base::UniqueFd copy(::fcntl(listener.fd.get(), F_DUPFD_CLOEXEC, 3));
    auto status = copy ? front_loops_[loop]->listen(std::move(copy)) : base::fail_errno("fcntl");
    if (!status) log_.error("cannot accept on " + listener.name + ": " + status.error().message());
  }
}

void FrontServer::on_cannot_start(const std::string& why) {
  log_.error("cannot start " + config_.php_program + ": " + why);
  exit_status_ = 1;
  tell_parent({.type = LinkType::kCannotStart});
  finish();
}

void FrontServer::begin_drain() {
  if (phase_ == ops::Phase::kDraining) return;
  phase_ = ops::Phase::kDraining;
  close_listeners(start_.sockets);
  loops_to_drain_ = loops_.size();
  for (size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->post([this, i] {
      front_loops_[i]->drain([this] { loops_.front()->post([this] { on_loop_drained(); }); });
    });
  }
}

void FrontServer::on_loop_drained() {
  if (--loops_to_drain_ > 0) return;
  if (!pool_) return finish();
  pool_->drain([this] { finish(); });
}

void FrontServer::finish() {
  for (auto& loop : loops_) loop->stop();
}

}  // namespace howdah::app
