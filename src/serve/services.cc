#include "serve/services.h"

#include "serve/exchange.h"
#include "serve/http2_stream.h"

namespace howdah::serve {
namespace {

std::string cache_control_of(const ServeOptions& options) {
  if (!options.static_cache_ttl) return {};
  return "public, max-age=" + std::to_string(*options.static_cache_ttl / base::kSecond);
}

}  // namespace

base::Result<std::unique_ptr<SharedServices>> SharedServices::create(ServeOptions options,
                                                                     const base::Logger& log,
                                                                     ExchangeObserver& observer,
                                                                     Admission* admission) {
  Symlinks symlinks = options.follow_symlinks ? Symlinks::kFollow : Symlinks::kBeneath;
  auto root = DocumentRoot::open(options.document_root, symlinks);
  if (!root) return base::fail(root.error());
  std::optional<DocumentRoot> named_files;
  if (!options.sendfile_root.empty()) {
    auto opened = DocumentRoot::open(options.sendfile_root, symlinks);
    if (!opened) return base::fail(opened.error());
    named_files = std::move(*opened);
  }
  return std::make_unique<SharedServices>(std::move(options), log, observer, admission,
                                          std::move(*root), std::move(named_files));
}

SharedServices::SharedServices(ServeOptions settings, const base::Logger& logger,
                               ExchangeObserver& watcher, Admission* gate, DocumentRoot root,
                               std::optional<DocumentRoot> named_files)
    : options(std::move(settings)),
      log(logger),
      observer(watcher),
      admission(gate),
      document_root(std::move(root)),
      sendfile_root(std::move(named_files)),
      router({.index_file = options.index_file,
              .index_scripts = options.index_scripts,
              .php_deny = options.php_deny}),
      static_cache_control(cache_control_of(options)),
      spool(options.spool_dir, options.spool_max),
      encoder(options.compression.empty() ? 0 : options.static_cache_size),
      clients(base::RandomIds().next()) {}

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
    : loop(event_loop),
      shared(all),
      jobs(queue),
      files(all.document_root, event_loop, all.options.file_trust) {
  if (all.sendfile_root) {
    sendfile_files.emplace(*all.sendfile_root, event_loop, all.options.file_trust);
  }
}

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
