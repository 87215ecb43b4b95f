#include "app/watch/watch_loop.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <tuple>

#include "app/watch/watch_report.h"

namespace howdah::app {
namespace {

base::Nanos earlier(base::Nanos a, base::Nanos b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

WatchLoop::WatchLoop(const WatchPlan& plan, int socket)
    : rules_(plan),
      poll_every_(plan.poll),
      socket_(socket),
      on_change_([this](const WatchRules::Match& match, std::string_view path) {
        gatherer_.note(match, path, base::monotonic_now());
      }) {}

void WatchLoop::run() {
  poll_every_ != 0 ? begin_polling("as WATCH_POLL says") : begin_watching();
  while (wait()) work(base::monotonic_now());
}

void WatchLoop::begin_watching() {
  watch_ = std::make_unique<TreeWatch>(rules_, on_change_);
  watch_->begin();
  if (!watch_->failure().empty()) return begin_polling(watch_->failure());
  std::ignore = send_report(
      socket_, {.kind = WatchReport::Kind::kNotice,
                .text = fmt::format("watching {} directories for changes", watch_->size())});
  look_at_ = watch_->misses_roots() ? base::monotonic_now() + kMissingLook : 0;
}

void WatchLoop::begin_polling(std::string why) {
  watch_.reset();
  poll_ = std::make_unique<TreePoll>(rules_, on_change_);
  look(base::monotonic_now());
  std::ignore =
      send_report(socket_, {.kind = WatchReport::Kind::kNotice,
                            .text = fmt::format("looking at {} files for changes again and again: "
                                                "{}",
                                                poll_->size(), why)});
}

// What takes long is done less often.
void WatchLoop::look(base::Nanos now) {
  poll_->look();
  const base::Nanos took = base::monotonic_now() - now;
  const base::Nanos wanted = poll_every_ != 0 ? poll_every_ : kPollInterval;
  look_at_ = now + std::max(wanted, took * kPollShare);
}

base::Nanos WatchLoop::next_due() const { return earlier(gatherer_.due(), look_at_); }

bool WatchLoop::wait() {
  int timeout = -1;
  if (const base::Nanos due = next_due(); due != 0) {
    base::Nanos rest = std::clamp<base::Nanos>(due - base::monotonic_now(), 0, 60 * base::kSecond);
    timeout = static_cast<int>((rest + base::kMillisecond - 1) / base::kMillisecond);
  }
  pollfd sources[] = {{socket_, POLLIN, 0}, {watch_ ? watch_->fd() : -1, POLLIN, 0}};
  if (::poll(sources, 2, timeout) < 0 && errno != EINTR) return false;
  // The parent says nothing: it closes.
  return sources[0].revents == 0;
}

void WatchLoop::work(base::Nanos now) {
  const bool look_now = look_at_ != 0 && look_at_ <= now;
  if (poll_ && look_now) look(now);
  if (watch_) work_on_watch(now, look_now);
  const base::Nanos due = gatherer_.due();
  if (due != 0 && due <= now) report();
}

void WatchLoop::work_on_watch(base::Nanos now, bool look_now) {
  watch_->read_events();
  if (look_now) watch_->look_for_roots();
  if (!watch_->failure().empty()) {
    // What has changed since it failed is not known.
    on_change_(rules_.everything(), "(unknown)");
    return begin_polling(watch_->failure());
  }
  const bool keep = look_at_ != 0 && !look_now;
  if (!watch_->misses_roots()) {
    look_at_ = 0;
  } else if (!keep) {
    look_at_ = now + kMissingLook;
  }
}

void WatchLoop::report() {
  Changes changes = gatherer_.take();
  std::ignore = send_report(socket_, {.kind = WatchReport::Kind::kChanged,
                                      .change = changes.change,
                                      .sets = changes.sets,
                                      .files = changes.files,
                                      .text = std::move(changes.first)});
}

}  // namespace howdah::app
