#include "serve/services.h"

#include <algorithm>
#include <utility>

#include "serve/exchange.h"
#include "serve/http2_stream.h"

namespace howdah::serve {

base::Result<std::unique_ptr<SharedServices>> SharedServices::create(ServeOptions options,
                                                                     const base::Logger& log,
                                                                     ExchangeObserver& observer,
                                                                     Admission* admission) {
  auto site = Site::create(std::move(options));
  if (!site) return base::fail(site.error());
  return std::make_unique<SharedServices>(std::move(*site), log, observer, admission);
}

SharedServices::SharedServices(std::shared_ptr<const Site> site, const base::Logger& logger,
                               ExchangeObserver& watcher, Admission* gate)
    : first_site(std::move(site)),
      log(logger),
      observer(watcher),
      admission(gate),
      version(base::RandomIds().next()),
      clients(base::RandomIds().next()) {
  adapt_to(first_site->options);
}

void SharedServices::adapt_to(const ServeOptions& options) {
  spool.configure(options.spool_dir, options.spool_max);
  encoder.resize(options.compression.empty() ? 0 : options.static_cache_size);
}

void SharedServices::log_if_not_spooled(const base::Status& outcome) const {
  if (outcome) return;
  log.warn("answer not spooled: its script waits for the client instead",
           {{"reason", outcome.error().message()}});
}

std::string_view DateCache::at(base::Nanos now) {
  if (now >= valid_until_) {
    base::Nanos wall = base::wall_now();
    text_.clear();
    base::append_http_date(text_, wall / base::kSecond);
    valid_until_ = now + base::kSecond - wall % base::kSecond;
  }
  return text_;
}

LoopServices::LoopServices(net::EventLoop& event_loop, SharedServices& all, JobQueues queues)
    : loop(event_loop),
      shared(all),
      jobs(std::move(queues)),
      site_(std::make_unique<LoopSite>(all.first_site, event_loop)) {}

LoopServices::~LoopServices() = default;

void LoopServices::use_site(std::shared_ptr<const Site> site) {
  auto old = std::exchange(site_, std::make_unique<LoopSite>(std::move(site), loop));
  if (old->exchanges > 0) old_sites_.push_back(std::move(old));
}

void LoopServices::leave_site(LoopSite& site) {
  if (--site.exchanges > 0 || &site == site_.get()) return;
  std::erase_if(old_sites_, [&](const auto& old) { return old.get() == &site; });
}

std::unique_ptr<Exchange> LoopServices::acquire_exchange() {
  if (exchanges_.empty()) return std::make_unique<Exchange>(*this);
  auto exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void LoopServices::release_exchange(std::unique_ptr<Exchange> exchange) {
  if (exchanges_.size() < kSpareExchanges) exchanges_.push_back(std::move(exchange));
}

std::unique_ptr<Http2Stream> LoopServices::acquire_stream() {
  if (streams_.empty()) return std::make_unique<Http2Stream>(*this);
  auto stream = std::move(streams_.back());
  streams_.pop_back();
  return stream;
}

void LoopServices::release_stream(std::unique_ptr<Http2Stream> stream) {
  if (streams_.size() < kSpareStreams) streams_.push_back(std::move(stream));
}

void LoopServices::client_gone(const ConnectionAddresses& addresses) {
  if (addresses.counted) shared.clients.remove(*addresses.client);
  shared.connections.fetch_sub(1, std::memory_order_relaxed);
  shared.observer.on_connection_closed();
}

void LoopServices::lend_buffer(base::Buffer& buffer) {
  if (buffer.capacity() > 0) return;
  if (buffers_.empty()) {
    buffer.prepare(kReadBytes);
    return;
  }
  buffer = std::move(buffers_.back());
  buffers_.pop_back();
}

void LoopServices::take_back_buffer(base::Buffer& buffer) {
  if (buffer.capacity() == kReadBytes && buffers_.size() < kSpareBuffers) {
    buffer.clear();
    buffers_.push_back(std::move(buffer));
  } else {
    buffer.release();
  }
}

}  // namespace howdah::serve
