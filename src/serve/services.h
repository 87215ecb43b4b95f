#pragma once

// What connections and exchanges of one event loop share.

#include <sys/uio.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/log.h"
#include "base/random.h"
#include "net/event_loop.h"
#include "pool/job.h"
#include "serve/connection.h"
#include "serve/file_system.h"
#include "serve/limits.h"
#include "serve/observer.h"
#include "serve/options.h"
#include "serve/router.h"
#include "serve/spool.h"
#include "serve/static_encoder.h"

namespace howdah::serve {

class Exchange;

// For all loops: immutable or thread-safe. Outlives every FrontLoop.
class SharedServices {
 public:
  // Fails when the document root cannot be opened. All references outlive the object; `admission`
  // may be null.
  static base::Result<std::unique_ptr<SharedServices>> create(ServeOptions options,
                                                              const base::Logger& log,
                                                              ExchangeObserver& observer,
                                                              Admission* admission);

  const ServeOptions options;
  const base::Logger& log;
  ExchangeObserver& observer;
  Admission* const admission;
  const DocumentRoot files;
  const Router router;
  Spool spool;
  StaticEncoder encoder;
  std::atomic<uint64_t> connections{0};

  SharedServices(ServeOptions settings, const base::Logger& logger, ExchangeObserver& watcher,
                 Admission* gate, DocumentRoot root);
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
  bool draining = false;

  // Objects with buffers, kept for the next that needs one.
  std::unique_ptr<Exchange> acquire_exchange();
  void release_exchange(std::unique_ptr<Exchange> exchange);
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
  void client_gone();

  // Memory for one call: a head being rendered, and what goes out with it.
  std::string scratch;
  std::vector<iovec> pieces;

 private:
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<base::Buffer> buffers_;
};

}  // namespace howdah::serve
