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
#include "net/tls_context.h"
#include "pool/job.h"
#include "serve/client_counts.h"
#include "serve/connection.h"
#include "serve/gather.h"
#include "serve/limits.h"
#include "serve/live_reload.h"
#include "serve/observer.h"
#include "serve/options.h"
#include "serve/site.h"
#include "serve/spool.h"
#include "serve/static_encoder.h"

namespace howdah::serve {

class Exchange;
class Http2Stream;

// For all loops and all of their sites: immutable or thread-safe. Outlives every FrontLoop.
class SharedServices {
 public:
  // Fails when the Site does. All references outlive the object; `admission` may be null.
  static base::Result<std::unique_ptr<SharedServices>> create(ServeOptions options,
                                                              const base::Logger& log,
                                                              ExchangeObserver& observer,
                                                              Admission* admission);

  const std::shared_ptr<const Site> first_site;  // that loops begin with
  const base::Logger& log;
  ExchangeObserver& observer;
  Admission* const admission;
  Spool spool;
  StaticEncoder encoder;
  SiteVersion version;
  ClientCounts clients;  // filled only when MAX_CONNECTIONS_PER_IP is set
  std::atomic<uint64_t> connections{0};

  SharedServices(std::shared_ptr<const Site> site, const base::Logger& logger,
                 ExchangeObserver& watcher, Admission* gate);
  // What is of all sites takes the limits of this one. From any thread.
  void adapt_to(const ServeOptions& options);
  // Of a block of an answer (OutputQueue).
  void log_if_not_spooled(const base::Status& outcome) const;
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

// This loop's dispatchers, a pool each.
using JobQueues = std::vector<pool::JobQueue*>;

// For one loop's thread. Owned by its FrontLoop.
class LoopServices {
 public:
  LoopServices(net::EventLoop& event_loop, SharedServices& all, JobQueues queues);
  ~LoopServices();

  net::EventLoop& loop;
  SharedServices& shared;
  // By the number of a Route's pool; null where there is none. Empty in stub mode.
  const JobQueues jobs;
  base::RandomIds random;
  DateCache date;
  bool draining = false;
  // Null while no port speaks TLS. shared_ptr: for all loops, until newer certificates replace it.
  std::shared_ptr<const net::TlsContext> tls;

  // The settings of today.
  const ServeOptions& options() const { return site_->site->options; }
  // Between two passes of the loop.
  void use_site(std::shared_ptr<const Site> site);
  // What an exchange that begins now uses until leave_site().
  LoopSite& enter_site() {
    ++site_->exchanges;
    return *site_;
  }
  void leave_site(LoopSite& site);

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

  // That wait for news of the site.
  std::vector<Exchange*> listening_browsers;

  // Memory for one call: a head being rendered, and what goes out with it.
  std::string scratch;
  std::vector<iovec> pieces;
  // The same for HTTP/2: what goes out, and what has come in.
  Gather gather;
  base::Buffer input;

 private:
  std::unique_ptr<LoopSite> site_;
  std::vector<std::unique_ptr<LoopSite>> old_sites_;  // that exchanges still use
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  std::vector<base::Buffer> buffers_;
};

}  // namespace howdah::serve
