#include "serve/client_counts.h"

#include <cassert>

namespace howdah::serve {
size_t ClientCounts::Hash::operator()(uint64_t key) const {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  uint64_t mixed = (key ^ seed) * kOdd;
  return mixed ^ mixed >> 32;
}

bool ClientCounts::add(const net::IpAddress& client, uint32_t limit) {
  std::lock_guard guard(lock_);
  auto [entry, fresh] = counts_.try_emplace(net::client_key(client), 0);
  if (entry->second >= limit) return false;
  ++entry->second;
  return true;
}

void ClientCounts::remove(const net::IpAddress& client) {
  std::lock_guard guard(lock_);
  auto entry = counts_.find(net::client_key(client));
  assert(entry != counts_.end());
  if (entry == counts_.end()) return;
  if (--entry->second == 0) counts_.erase(entry);
}

size_t ClientCounts::clients() const {
  std::lock_guard guard(lock_);
  return counts_.size();
}

}  // namespace howdah::serve
