#pragma once

// How many connections each client has (MAX_CONNECTIONS_PER_IP).

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "net/ip_address.h"

namespace howdah::serve {

// A client is an IPv4 address or an IPv6 network of 64 bits, which is what one customer gets. Of
// all loops, thread-safe. Only clients with a connection are kept: never more than there are
// connections (MAX_CONNECTIONS).
class ClientCounts {
 public:
  // `seed` keeps clients from choosing their places in the table.
  explicit ClientCounts(uint64_t seed) : counts_(0, Hash{seed}) {}

  // Counts one more connection, unless the client has `limit` already: false.
  bool add(const net::IpAddress& client, uint32_t limit);
  void remove(const net::IpAddress& client);
  size_t clients() const;

 private:
  struct Hash {
    uint64_t seed;
    size_t operator()(uint64_t key) const;
  };

  mutable std::mutex lock_;
  std::unordered_map<uint64_t, uint32_t, Hash> counts_;  // guarded by lock_
};

}  // namespace howdah::serve
