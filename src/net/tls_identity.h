#pragma once

// A certificate chain and its private key: from PEM text to what a handshake shows.

#include <openssl/types.h>

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::net {

// Frees what OpenSSL has made.
struct TlsFree {
  void operator()(SSL* ssl) const;
  void operator()(SSL_CTX* context) const;
};
using SslPtr = std::unique_ptr<SSL, TlsFree>;
using SslContextPtr = std::unique_ptr<SSL_CTX, TlsFree>;

// PEM text. The key's memory is overwritten at the end.
struct TlsPair {
  std::string chain;  // the server's own certificate first
  std::string key;

  TlsPair() = default;
  TlsPair(std::string certificates, std::string private_key)
      : chain(std::move(certificates)), key(std::move(private_key)) {}
  TlsPair(TlsPair&&) = default;
  TlsPair& operator=(TlsPair&&) = default;
  ~TlsPair();
};

// Why a pair cannot be used.
struct TlsFault {
  enum class In {
    kCertificate,
    kKey,
  };
  In in = In::kCertificate;
  std::string what;
};

// A pair that fits, in a context of OpenSSL's that is not set up otherwise.
struct TlsIdentity {
  SslContextPtr context;
  // Lower-case host names it is for, "*.example.com" among them: the subject alternative names,
  // else the common name.
  std::vector<std::string> names;
  // Empty, or what is unwise about it: "expired on Jan  1 00:00:00 2026 GMT".
  std::string warning;
};

// Never asks for a passphrase: a key that needs one is a fault.
std::expected<TlsIdentity, TlsFault> parse_tls_pair(const TlsPair& pair);

}  // namespace howdah::net
