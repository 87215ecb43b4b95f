#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace howdah::net {
namespace {

constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// Any constant: without it OpenSSL resumes nothing.
constexpr std::string_view kSessionIdContext = "howdah";
constexpr size_t kLongestName = 255;

constexpr uint64_t kOptions = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                              SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                              // A client that just closes: HTTP's own framing says what was cut.
                              SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ENABLE_KTLS;
constexpr long kMode =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;

base::Status failed(const char* context) {
  ERR_clear_error();
  return base::fail({base::ErrorKind::kInvalid, 0, context});
}

}  // namespace

base::Result<std::shared_ptr<const TlsContext>> TlsContext::create(
    std::vector<TlsIdentity> identities, std::span<const std::string_view> protocols,
    TlsTickets& tickets) {
  // shared_ptr: a session may begin with one and outlive its replacement.
  std::shared_ptr<TlsContext> context(new TlsContext(tickets));
  context->identities_ = std::move(identities);
  for (std::string_view protocol : protocols) {
    context->protocols_ += static_cast<char>(protocol.size());
    context->protocols_ += protocol;
  }
  for (TlsIdentity& identity : context->identities_) {
    auto status = context->set_up(identity.context.get());
    if (!status) return base::fail(status.error());
  }
  context->index_names();
  return context;
}

base::Status TlsContext::set_up(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_options(context, kOptions);
  SSL_CTX_set_mode(context, kMode);
  // Else one SSL_read() goes on for as long as a client sends records without data.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  // One recv() a record instead of two.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, kTicketKeyTime / base::kSecond);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(context, this);
  SSL_CTX_set_alpn_select_cb(context, on_protocols, this);
  bool done = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_cipher_list(context, kCiphers12) == 1 &&
              SSL_CTX_set_ciphersuites(context, kCiphers13) == 1 &&
              SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1 &&
              SSL_CTX_set_session_id_context(
                  context, reinterpret_cast<const unsigned char*>(kSessionIdContext.data()),
                  static_cast<unsigned>(kSessionIdContext.size())) == 1;
  return done ? base::Status{} : failed("TLS set-up");
}

void TlsContext::index_names() {
  for (const TlsIdentity& identity : identities_) {
    for (const std::string& name : identity.names) names_.emplace(name, identity.context.get());
  }
}

SSL_CTX* TlsContext::find(std::string_view name) const {
  if (name.empty() || name.size() > kLongestName) return first();
  std::string wanted(name);
  for (char& c : wanted) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (wanted.back() == '.') wanted.pop_back();
  auto exact = names_.find(wanted);
  if (exact != names_.end()) return exact->second;
  // A wildcard stands for one label (RFC 6125 6.4.3).
  size_t dot = wanted.find('.');
  if (dot == std::string::npos) return first();
  auto wildcard = names_.find(wanted.replace(0, dot, "*"));
  return wildcard != names_.end() ? wildcard->second : first();
}

// --- called by OpenSSL

const TlsContext& TlsContext::of(SSL* ssl) {
  return *static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

int TlsContext::on_server_name(SSL* ssl, int*, void* self) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* context = static_cast<const TlsContext*>(self)->find(name);
  if (context != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

int TlsContext::on_protocols(SSL*, const unsigned char** out, unsigned char* out_size,
                             const unsigned char* in, unsigned in_size, void* self) {
  const std::string& ours = static_cast<const TlsContext*>(self)->protocols_;
  unsigned char* chosen = nullptr;
  int result =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), in, in_size);
  *out = chosen;
  // RFC 7301 3.2: a client that names only protocols we do not speak is told so.
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsContext::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int sealing) {
  TlsTickets& tickets = of(ssl).tickets_;
  return sealing != 0 ? tickets.seal(name, iv, cipher, mac) : tickets.open(name, iv, cipher, mac);
}

}  // namespace howdah::net
