#include "app/traces/export_loop.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "app/parent/link.h"
#include "base/length.h"

namespace howdah::app {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::chrono::nanoseconds duration(base::Nanos length) { return std::chrono::nanoseconds(length); }

// Spans that the collector has not taken although it took the batch (partialSuccess). Answers may
// be anything.
uint64_t rejected_spans(const std::string& body) {
  auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("partialSuccess")) return 0;
  const auto& partial = json["partialSuccess"];
  if (!partial.is_object() || !partial.contains("rejectedSpans")) return 0;
  const auto& rejected = partial["rejectedSpans"];
  if (rejected.is_number_unsigned()) return rejected.get<uint64_t>();
  uint64_t number = 0;
  const auto* text = rejected.get_ptr<const std::string*>();
  return text != nullptr && base::parse_length(*text, number) ? number : 0;
}

}  // namespace

ExportLoop::ExportLoop(asio::io_context& io, OtlpClient& client, ops::SpanRings& rings,
                       ops::SpanResource resource, int control, const base::Logger& log, int log_fd)
    : io_(io),
      client_(client),
      rings_(rings),
      resource_(std::move(resource)),
      control_(io, control),
      log_(log),
      log_fd_(log_fd),
      pause_(io),
      flush_limit_(io),
      random_(std::random_device()()) {
  batch_.reserve(kLargestBatch);
}

void ExportLoop::run() {
  // No memory: the parent starts another one.
  auto ended = [](const std::exception_ptr& exception) {
    if (exception) ::_exit(1);
  };
  asio::co_spawn(io_, listen(), ended);
  asio::co_spawn(io_, export_all(), ended);
  io_.run();
  control_.release();
}

asio::awaitable<void> ExportLoop::listen() {
  error_code error;
  for (;;) {
    co_await control_.async_wait(asio::posix::stream_descriptor::wait_read,
                                 asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    auto link = receive_link(control_.native_handle());
    if (!link && link.error().sys_errno == EAGAIN) continue;
    if (!link || link->message.type == LinkType::kDrain) break;
    if (link->message.type == LinkType::kNewLog && link->fds.size() == 1) {
      ::dup3(link->fds[0].get(), log_fd_, O_CLOEXEC);
    }
  }
  begin_end();
}

void ExportLoop::begin_end() {
  ending_ = true;
  pause_.cancel();
  flush_limit_.expires_after(duration(kFlushLimit));
  flush_limit_.async_wait([this](const error_code& error) {
    if (error) return;
    rings_.count_lost(batch_.size());
    log_.warn("the collector has not taken the last spans in time",
              {{"spans", uint64_t{batch_.size()}}});
    io_.stop();
  });
}

asio::awaitable<void> ExportLoop::export_all() {
  for (;;) {
    gather();
    if (batch_is_due()) {
      co_await export_batch();
    } else if (ending_) {
      break;
    } else {
      co_await pause(kLookInterval);
    }
  }
  io_.stop();
}

void ExportLoop::gather() {
  const bool was_empty = batch_.empty();
  ops::SpanRecord span;
  for (size_t loop = 0; loop < rings_.size(); ++loop) {
    // Not always the same one first, which might leave no room for others.
    ops::SpanRing& ring = rings_.ring((loop + first_ring_) % rings_.size());
    while (batch_.size() < kLargestBatch && ring.take(span)) batch_.push_back(span);
  }
  ++first_ring_;
  if (was_empty && !batch_.empty()) batch_began_ = base::monotonic_now();
}

bool ExportLoop::batch_is_due() const {
  if (batch_.empty()) return false;
  return ending_ || batch_.size() == kLargestBatch ||
         base::monotonic_now() - batch_began_ >= kLongestWait;
}

asio::awaitable<void> ExportLoop::export_batch() {
  using Kind = OtlpAnswer::Kind;
  const std::string body = ops::otlp_json(resource_, batch_);
  base::Nanos next_pause = kFirstPause;
  for (int attempts = 1;; ++attempts) {
    OtlpAnswer answer = co_await client_.post(body);
    say_how_it_goes(answer);
    if (answer.kind == Kind::kTaken) {
      count_taken(answer);
      break;
    }
    if (answer.kind == Kind::kRefused || attempts == kMostAttempts || ending_) {
      rings_.count_lost(batch_.size());
      break;
    }
    co_await pause(answer.pause ? std::min(*answer.pause, kLongestRetryAfter)
                                : with_jitter(next_pause));
    next_pause = std::min(2 * next_pause, kLongestPause);
  }
  batch_.clear();
}

asio::awaitable<void> ExportLoop::pause(base::Nanos length) {
  if (ending_) co_return;
  error_code error;
  pause_.expires_after(duration(length));
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

// Between half of it and all: servers that lost one collector do not come back as one.
base::Nanos ExportLoop::with_jitter(base::Nanos pause) {
  return std::uniform_int_distribution<base::Nanos>(pause / 2, pause)(random_);
}

void ExportLoop::count_taken(const OtlpAnswer& answer) {
  const uint64_t rejected = std::min<uint64_t>(rejected_spans(answer.body), batch_.size());
  rings_.count_exported(batch_.size() - rejected);
  if (rejected == 0) return;
  rings_.count_lost(rejected);
  if (!rejecting_) {
    log_.warn("the collector does not take all spans", {{"rejected", rejected}});
  }
  rejecting_ = true;
}

// Once for each change of state.
void ExportLoop::say_how_it_goes(const OtlpAnswer& answer) {
  const bool failed = answer.kind != OtlpAnswer::Kind::kTaken;
  if (failed == failing_) return;
  failing_ = failed;
  if (failed) {
    log_.warn("spans are not exported: " + answer.why);
  } else {
    log_.info("spans are exported again");
  }
}

}  // namespace howdah::app
