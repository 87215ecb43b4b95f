#include "serve/services.h"

#include "serve/exchange.h"

namespace howdah::serve {

base::Result<std::unique_ptr<SharedServices>> SharedServices::create(ServeOptions options,
                                                                     const base::Logger& log,
                                                                     ExchangeObserver& observer,
                                                                     Admission* admission) {
  auto root = DocumentRoot::open(options.document_root,
                                 options.follow_symlinks ? Symlinks::kFollow : Symlinks::kBeneath);
  if (!root) return base::fail(root.error());
  return std::make_unique<SharedServices>(std::move(options), log, observer, admission,
                                          std::move(*root));
}

SharedServices::SharedServices(ServeOptions settings, const base::Logger& logger,
                               ExchangeObserver& watcher, Admission* gate, DocumentRoot root)
    : options(std::move(settings)),
      log(logger),
      observer(watcher),
      admission(gate),
      files(std::move(root)),
      router({.index_file = options.index_file,
              .index_scripts = options.index_scripts,
              .php_deny = options.php_deny}),
      spool(options.spool_dir, options.spool_max),
      encoder(options.compression.empty() ? 0 : options.static_cache_size) {}

std::string_view DateCache::at(base::Nanos now) {
  if (now >= valid_until_) {
    base::Nanos wall = base::wall_now();
    text_.clear();
    base::append_http_date(text_, wall / base::kSecond);
    valid_until_ = now + base::kSecond - wall % base::kSecond;
  }
  return text_;
}

LoopServices::LoopServices(net::EventLoop& event_loop, SharedServices& all, pool::JobQueue* queue)
    : loop(event_loop), shared(all), jobs(queue) {}

LoopServices::~LoopServices() = default;

std::unique_ptr<Exchange> LoopServices::acquire_exchange() {
  if (exchanges_.empty()) return std::make_unique<Exchange>(*this);
  auto exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void LoopServices::release_exchange(std::unique_ptr<Exchange> exchange) {
  if (exchanges_.size() < kSpareExchanges) exchanges_.push_back(std::move(exchange));
}

void LoopServices::client_gone() {
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
