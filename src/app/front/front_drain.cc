// The front's end: what is under way is finished, or named in the log and cut.

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "app/front/front_server.h"

namespace howdah::app {
namespace {

// Lines about requests that are cut; the rest is counted.
constexpr size_t kMostNamed = 200;

std::string_view name_of(pool::OpenRequest::Phase phase) {
  switch (phase) {
    case pool::OpenRequest::Phase::kReceiving:
      return "its body was not complete";
    case pool::OpenRequest::Phase::kQueued:
      return "no worker had taken it";
    case pool::OpenRequest::Phase::kRunning:
      return "its script ran";
    case pool::OpenRequest::Phase::kBackground:
      return "it was answered, its script went on";
    case pool::OpenRequest::Phase::kSending:
      return "its client had not taken the answer";
  }
  return "";
}

void name_in_log(const base::Logger& log, const std::vector<pool::OpenRequest>& open) {
  for (const pool::OpenRequest& request :
       std::span(open).first(std::min(open.size(), kMostNamed))) {
    log.log(base::LogType::kApp, base::LogLevel::kWarn, "request cut: the server ends",
            {request.request_id, request.trace_id, request.span_id},
            {{"request", request.request},
             {"age_ms", request.age / base::kMillisecond},
             {"state", name_of(request.phase)},
             {"worker", request.worker},
             {"pid", int64_t{request.pid}}});
  }
  if (open.size() <= kMostNamed) return;
  log.warn("more requests are cut: the server ends",
           {{"requests", uint64_t{open.size() - kMostNamed}}});
}

}  // namespace

void FrontServer::begin_drain() {
  if (phase_ == ops::Phase::kDraining) return;
  phase_ = ops::Phase::kDraining;
  answer_reloads(last_ticket_, reload_failed("the server is ending"));
  close_listeners(start_.sockets);
  loops_to_drain_ = loops_.size();
  on_each_loop([this](size_t loop) {
    front_loops_[loop]->drain([this] { loops_.front()->post([this] { on_loop_drained(); }); });
  });
}

void FrontServer::on_loop_drained() {
  if (--loops_to_drain_ > 0) return;
  pools_->drain([this] { finish(); });
}

// The parent ends this process when it does not end by itself.
void FrontServer::cut() {
  // Shared with the tasks: the last of them goes on.
  struct Gathered {
    std::mutex mutex;
    std::vector<pool::OpenRequest> open;
  };
  auto all = std::make_shared<Gathered>();
  on_each_loop(
      [this, all](size_t loop) {
        auto open = front_loops_[loop]->open_requests();
        std::lock_guard lock(all->mutex);
        std::ranges::move(open, std::back_inserter(all->open));
      },
      [this, all] {
        std::ranges::move(pools_->open_requests(), std::back_inserter(all->open));
        name_in_log(log_, all->open);
        finish();
      });
}
}  // namespace howdah::app
