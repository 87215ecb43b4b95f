#pragma once

// What connections and exchanges of one event loop share.

#include <sys/uio.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/log.h"
#include "base/random.h"
#include "net/event_loop.h"
#include "net/tls_context.h"
#include "pool/job.h"
#include "serve/client_counts.h"
#include "serve/connection.h"
#include "serve/file_cache.h"
#include "serve/file_system.h"
#include "serve/gather.h"
#include "serve/limits.h"
#include "serve/observer.h"
#include "serve/options.h"
#include "serve/router.h"
#include "serve/spool.h"
#include "serve/static_encoder.h"

namespace howdah::serve {

class Exchange;
class Http2Stream;

// For all loops: immutable or thread-safe. Outlives every FrontLoop.
class SharedServices {
 public:
  // Fails when one of the roots cannot be opened. All references outlive the object; `admission`
  // may be null.
  static base::Result<std::unique_ptr<SharedServices>> create(ServeOptions options,
                                                              const base::Logger& log,
                                                              ExchangeObserver& observer,
                                                              Admission* admission);

  const ServeOptions options;
  const base::Logger& log;
  ExchangeObserver& observer;
  Admission* const admission;
  const DocumentRoot document_root;
  const std::optional<DocumentRoot> sendfile_root;
  const Router router;
  const std::string static_cache_control;  // empty = static files do not have it
  Spool spool;
  StaticEncoder encoder;
  ClientCounts clients;  // filled only when MAX_CONNECTIONS_PER_IP is set
  std::atomic<uint64_t> connections{0};

  SharedServices(ServeOptions settings, const base::Logger& logger, ExchangeObserver& watcher,
                 Admission* gate, DocumentRoot root, std::optional<DocumentRoot> named_files);
};

// The Date field's value, rendered once a second.
class DateCache {
 public:
  // `now` is monotonic; the view is valid until the next call.
  std::string_view at(base::Nanos now);

 private:
  std::string text_;
  base::Nanos valid_until_ = 0;
};

// For one loop's thread. Owned by its FrontLoop.
class LoopServices {
 public:
  // `jobs` is null in stub mode.
  LoopServices(net::EventLoop& event_loop, SharedServices& all, pool::JobQueue* queue);
  ~LoopServices();

  net::EventLoop& loop;
  SharedServices& shared;
  pool::JobQueue* const jobs;
  base::RandomIds random;
  DateCache date;
  FileCache files;
  std::optional<FileCache> sendfile_files;  // below SENDFILE_ROOT
  bool draining = false;
  // Null while no port speaks TLS. shared_ptr: for all loops, until newer certificates replace it.
  std::shared_ptr<const net::TlsContext> tls;

  // Objects with buffers, kept for the next that needs one.
  std::unique_ptr<Exchange> acquire_exchange();
  void release_exchange(std::unique_ptr<Exchange> exchange);
  std::unique_ptr<Http2Stream> acquire_stream();
  void release_stream(std::unique_ptr<Http2Stream> stream);
  void lend_buffer(base::Buffer& buffer);
  void take_back_buffer(base::Buffer& buffer);

  // Connections that want run() in this pass, and those that have ended.
  std::vector<Connection*> scheduled;
  std::vector<Connection*> ended;
  // Clients whose connection has ended, for one that speaks another protocol.
  struct HandedOn {
    Protocol protocol;
    Client client;
  };
  std::vector<HandedOn> handed_on;
  // Counted from being accepted to here, whatever connections it had meanwhile.
  void client_gone(const ConnectionAddresses& addresses);

  // Memory for one call: a head being rendered, and what goes out with it.
  std::string scratch;
  std::vector<iovec> pieces;
  // The same for HTTP/2: what goes out, and what has come in.
  Gather gather;
  base::Buffer input;

 private:
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  std::vector<base::Buffer> buffers_;
};

}  // namespace howdah::serve
