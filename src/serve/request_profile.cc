#include "serve/request_profile.h"

#include <algorithm>
#include <string>

namespace howdah::serve {
namespace {

void add_time(AnswerHead& head, std::string_view name, base::Nanos time) {
  head.add(name, std::to_string(time / base::kMicrosecond));
}

// Gives out a length of time piece by piece, so that the pieces never come to
// more than it.
class Remainder {
 public:
  explicit Remainder(base::Nanos all) : left_(all) {}
  base::Nanos take(base::Nanos wanted) {
    const base::Nanos taken = std::clamp<base::Nanos>(wanted, 0, left_);
    left_ -= taken;
    return taken;
  }
  base::Nanos left() const { return left_; }

 private:
  base::Nanos left_;
};

}  // namespace

void RequestProfile::add_to(AnswerHead& head, base::Nanos now, http::Version version,
                            const ConnectionAddresses& addresses) const {
  const base::Nanos total = std::max<base::Nanos>(now - started_, 0);
  add_time(head, "X-Profile-Total-Us", total);
  head.add("X-Profile-HTTP-Version", http::name_of(version));
  if (!addresses.tls.empty()) {
    add_time(head, "X-Profile-TLS-Handshake-Us", addresses.tls_handshake);
    std::string protocol(addresses.tls);
    std::ranges::replace(protocol, '.', '_');
    head.add("X-Profile-TLS-Protocol", protocol);
    if (!addresses.alpn.empty()) head.add("X-Profile-TLS-ALPN", addresses.alpn);
  }
  Remainder rest(total);
  add_time(head, "X-Profile-Parse-Us", rest.take(submitted_ != 0 ? submitted_ - started_ : total));
  if (!known_) return;
  using channel::Phase;
  auto spent = [&](Phase phase) { return times_.spent[static_cast<size_t>(phase)]; };
  // Nothing is subtracted from a number that may be any.
  const base::Nanos claimed = std::clamp(times_.claimed_at, submitted_, std::max(submitted_, now));
  add_time(head, "X-Profile-Queue-Us", rest.take(claimed - submitted_));
  add_time(head, "X-Profile-PHP-Startup-Us", rest.take(spent(Phase::kStartup)));
  add_time(head, "X-Profile-Script-Us", rest.take(spent(Phase::kScript)));
  add_time(head, "X-Profile-PHP-Shutdown-Us", rest.take(spent(Phase::kShutdown)));
  add_time(head, "X-Profile-Output-Us", rest.left());
}

}  // namespace howdah::serve
