#pragma once

// The keys of session tickets, with which a client resumes a session at any loop of this process
// without a new key exchange.
//
// They are made here, never leave the process and are replaced while it runs, so that who takes a
// key cannot read much of what was recorded earlier.

#include <openssl/types.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace howdah::net {

// A key encrypts tickets for this long and decrypts them for as long again: a ticket's own lifetime
// is no longer.
inline constexpr base::Nanos kTicketKeyTime = 6 * 3600 * base::kSecond;

// One for all loops: thread-safe. Outlives all sessions.
class TlsTickets {
 public:
  using Clock = base::Nanos (*)();
  explicit TlsTickets(Clock clock = base::monotonic_now);
  ~TlsTickets();
  TlsTickets(const TlsTickets&) = delete;
  TlsTickets& operator=(const TlsTickets&) = delete;

  // What SSL_CTX_set_tlsext_ticket_key_evp_cb() asks for. `name` has 16 bytes.
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    base::Nanos made_at;
  };
  Key make_key() const;
  void rotate();

  const Clock clock_;
  std::mutex mutex_;  // guards both keys
  Key current_;
  std::optional<Key> previous_;
};

}  // namespace howdah::net
