#pragma once

// What serve tells the layer above it, and what it asks: ops implements these, app wires them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "http/http2_session.h"
#include "http/message.h"
#include "http/trace_context.h"
#include "net/event_loop.h"
#include "net/ip_address.h"

namespace howdah::serve {

// Everything known about an exchange at its end. Views are valid for the call.
struct ExchangeReport {
  // Empty when the request could not be read.
  std::string_view method;
  std::string_view path;  // as received, without the query
  std::string_view query;
  http::Version version = http::Version::kHttp11;
  int status = 0;               // 499: the client left before it was answered
  uint64_t received_bytes = 0;  // of the body
  uint64_t sent_bytes = 0;      // of the body
  base::Nanos duration = 0;     // from the end of the head to the answer's last byte in the kernel
  std::string_view client_ip;
  std::string_view user_agent;
  std::string_view referer;
  std::string_view forwarded_for;
  std::string_view tls;  // "TLSv1.3"; empty on a plain connection
  base::LogContext ids;
  // Of PHP; worker is -1 when no worker answered.
  int64_t worker = -1;
  base::Nanos queue_time = 0;
  base::Nanos php_time = 0;
  bool timed_out = false;  // REQUEST_TIMEOUT
  bool limited = false;    // RATE_LIMIT
  bool dropped = false;    // refused for want of room: queue full, QUEUE_TIMEOUT, no spool
  std::string_view error;  // for the log: why it went wrong, a literal; may be kClientLeft
  // For tracing.
  const http::RequestHead* head = nullptr;  // null when the request could not be read
  const http::TraceContext* trace = nullptr;
  std::string_view scheme;
};
inline constexpr const char* kClientLeft = "client left";

// What keeps clients out before they have said anything (docs/errors.md).
enum class ConnectionLimit : uint8_t {
  kPerIp,        // MAX_CONNECTIONS_PER_IP: one client was refused
  kAll,          // MAX_CONNECTIONS: accepting pauses for up to kAcceptPause
  kDescriptors,  // no descriptor or memory for one more: likewise
};
inline constexpr size_t kConnectionLimits = 3;

// Called on the loop's thread; one object for all loops must be thread-safe.
class ExchangeObserver {
 public:
  virtual ~ExchangeObserver() = default;
  virtual void on_exchange(const ExchangeReport& report) = 0;
  virtual void on_connection_opened() = 0;
  virtual void on_connection_closed() = 0;
  virtual void on_connection_limit(ConnectionLimit limit) = 0;
  // An HTTP/2 connection ends because its client sent too much of this (limits.h).
  virtual void on_flood(http::Http2Cost cost) = 0;
};

struct AdmissionDecision {
  bool admitted = true;
  bool limited = false;  // the limiter is on: the three below go into every answer
  uint64_t limit = 0;
  uint64_t remaining = 0;
  uint64_t reset_seconds = 0;
};

// Who waits for a count over several servers. Called on its own loop.
class AdmissionWaiter {
 public:
  virtual ~AdmissionWaiter() = default;
  // Nothing: there is no answer, and what decide() said stands.
  virtual void on_admission(const std::optional<AdmissionDecision>& decision) = 0;
};
// Shared by the one who waits and the one who will answer, either of which may be the first to let
// go. Used on the waiter's loop alone.
struct AdmissionTicket {
  AdmissionWaiter* waiter;  // null: given up
};
using AdmissionTicketPtr = std::shared_ptr<AdmissionTicket>;

// Asked once for every request before anything is done for it. Thread-safe.
class Admission {
 public:
  virtual ~Admission() = default;
  // Nothing stands for whoever comes by a unix socket.
  virtual AdmissionDecision decide(const std::optional<net::IpAddress>& client) = 0;
  // After decide() has let a request in: what do those say who count over several servers? Null:
  // there are none, or they are away.
  virtual AdmissionTicketPtr ask(const std::optional<net::IpAddress>& client,
                                 const AdmissionDecision& decided, net::EventLoop& loop,
                                 AdmissionWaiter& waiter) = 0;
};

}  // namespace howdah::serve
