// What the serving generation's OPcache holds is compiled ahead by the one that takes over.

#include <sys/mman.h>

#include "pool/pool.h"

namespace howdah::pool {

using channel::ControlMessage;
using channel::ControlType;

void Pool::ask_for_scripts() {
  scripts_ = {};
  if (!host_ || !host_->ready) return;
  base::UniqueFd file(::memfd_create("howdah-scripts", MFD_CLOEXEC));
  int fds[] = {file.get()};
  if (!file || !host_->link->send({.type = ControlType::kListScripts}, {}, fds)) return;
  scripts_ = {.generation = host_->generation->number(),
              .file = std::move(file),
              .wait_until = base::monotonic_now() + kListLimit};
}

bool Pool::scripts_awaited(base::Nanos now) const {
  bool asked = scripts_.file && !scripts_.complete;
  return asked && now < scripts_.wait_until && host_of(scripts_.generation) != nullptr;
}

void Pool::on_scripts_listed(Host& host) {
  if (host.generation->number() != scripts_.generation) return;
  scripts_.complete = true;
  greet_next(base::monotonic_now());
}

void Pool::greet_next(base::Nanos now) {
  if (next_ && !next_->greeted && !scripts_awaited(now)) say_hello(*next_);
}

void Pool::on_scripts_warmed(const ControlMessage& message) {
  log_.debug("scripts were compiled ahead", {{"compiled", int64_t{message.header.status}},
                                             {"skipped", int64_t{message.header.pid}}});
  std::string_view skipped = message.text();
  while (!skipped.empty()) {
    std::string_view path = skipped.substr(0, skipped.find('\n'));
    log_.debug("a script was not compiled ahead: it is gone or does not compile",
               {{"script", path}});
    skipped.remove_prefix(std::min(path.size() + 1, skipped.size()));
  }
}

}  // namespace howdah::pool
