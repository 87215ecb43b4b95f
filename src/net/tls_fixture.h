#pragma once

// For tests: certificates made on the spot, and a client of OpenSSL's on a non-blocking socket.

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "net/tls_context.h"
#include "net/tls_session.h"

namespace howdah::net {

struct TestCertificate {
  std::string subject = "test";
  std::string alternatives = "DNS:localhost";  // empty = none
  long valid_from = -3600;                     // seconds from now
  long valid_until = 86400;
};

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

// A certificate signed by its own key.
inline TlsPair make_pair(const TestCertificate& wanted = {}) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.valid_until);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.subject.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, name);
  if (!wanted.alternatives.empty()) {
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, wanted.alternatives.c_str());
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
  }
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_text = BIO_new(BIO_s_mem());
  BIO* key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(certificate_text), text_of(key_text)};
}

// A context with one identity for each of the certificates.
inline std::shared_ptr<const TlsContext> make_context(
    TlsTickets& tickets, const std::vector<TestCertificate>& certificates = {{}},
    std::vector<std::string_view> protocols = {"http/1.1"}) {
  std::vector<TlsIdentity> identities;
  for (const TestCertificate& certificate : certificates) {
    auto identity = parse_tls_pair(make_pair(certificate));
    EXPECT_TRUE(identity);
    identities.push_back(std::move(*identity));
  }
  auto context = TlsContext::create(std::move(identities), protocols, tickets);
  EXPECT_TRUE(context);
  return context ? *context : nullptr;
}

// Believes any certificate.
class TlsClient {
 public:
  TlsClient() : context_(SSL_CTX_new(TLS_client_method())) {
    ::signal(SIGPIPE, SIG_IGN);  // as the server's processes do
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT);
  }
  ~TlsClient() { SSL_SESSION_free(session_); }

  SSL_CTX* context() { return context_.get(); }
  SSL* ssl() { return ssl_.get(); }
  // Before begin().
  std::string host;
  std::string protocols;  // for ALPN, each with its length before it
  int version = 0;        // 0 = any

  void begin(int fd) {
    ssl_.reset(SSL_new(context_.get()));
    if (version != 0) {
      SSL_set_min_proto_version(ssl(), version);
      SSL_set_max_proto_version(ssl(), version);
    }
    SSL_set_fd(ssl(), fd);
    SSL_set_connect_state(ssl());
    if (!host.empty()) SSL_set_tlsext_host_name(ssl(), host.c_str());
    if (!protocols.empty()) {
      SSL_set_alpn_protos(ssl(), reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
    }
    if (session_ != nullptr) SSL_set_session(ssl(), session_);
  }
  // True when it is done.
  bool step() {
    bool done = SSL_do_handshake(ssl()) == 1;
    ERR_clear_error();
    return done;
  }
  bool send(std::string_view bytes) {
    ERR_clear_error();
    return SSL_write(ssl(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  // What has arrived so far.
  std::string receive() {
    std::string all;
    std::string piece(65536, '\0');
    for (;;) {
      ERR_clear_error();
      int got = SSL_read(ssl(), piece.data(), static_cast<int>(piece.size()));
      if (got <= 0) return all;
      all.append(piece, 0, static_cast<size_t>(got));
    }
  }
  // The server has said that nothing more comes.
  bool told_end() { return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  // The next begin() offers this connection's ticket.
  void keep_session() {
    SSL_SESSION_free(session_);
    session_ = SSL_get1_session(ssl());
    // Else OpenSSL takes the end of this connection for a reason to forget the session.
    SSL_set_shutdown(ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  bool resumed() { return SSL_session_reused(ssl()) == 1; }
  std::string certificate_subject() {
    X509* certificate = SSL_get1_peer_certificate(ssl());
    char text[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof text);
    X509_free(certificate);
    return text;
  }

 private:
  SslContextPtr context_;
  SslPtr ssl_;
  SSL_SESSION* session_ = nullptr;
};

}  // namespace howdah::net
