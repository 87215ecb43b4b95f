#pragma once

// What all TLS sessions of a server have in common: certificates, versions, ciphers, and which
// certificate goes with which name.
//
// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only (Mozilla's "intermediate"
// without finite-field groups), the server's order, no compression, no renegotiation, no early
// data.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/tls_identity.h"
#include "net/tls_tickets.h"

namespace howdah::net {

// Immutable; used by all loops. New certificates are a new object: sessions that have begun keep
// theirs.
class TlsContext {
 public:
  // The first identity is for clients that name no host or an unknown one. `protocols` are those
  // offered by ALPN, in order of preference. `tickets` outlives the object.
  static base::Result<std::shared_ptr<const TlsContext>> create(
      std::vector<TlsIdentity> identities, std::span<const std::string_view> protocols,
      TlsTickets& tickets);

  SSL_CTX* first() const { return identities_.front().context.get(); }
  // The one for a host name in any letter case: an exact name wins over a wildcard.
  SSL_CTX* find(std::string_view name) const;

 private:
  explicit TlsContext(TlsTickets& tickets) : tickets_(tickets) {}
  base::Status set_up(SSL_CTX* context);
  void index_names();

  // Called by OpenSSL.
  static const TlsContext& of(SSL* ssl);
  static int on_server_name(SSL* ssl, int* alert, void* self);
  static int on_protocols(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                          const unsigned char* in, unsigned in_size, void* self);
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int sealing);

  TlsTickets& tickets_;
  std::vector<TlsIdentity> identities_;
  std::map<std::string, SSL_CTX*, std::less<>> names_;
  std::string protocols_;  // each with its length before it (RFC 7301)
};

}  // namespace howdah::net
