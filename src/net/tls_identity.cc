#include "net/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace howdah::net {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

using In = TlsFault::In;

std::unexpected<TlsFault> fault(In in, std::string what) {
  ERR_clear_error();
  return std::unexpected(TlsFault{in, std::move(what)});
}

// With what OpenSSL says is wrong.
std::unexpected<TlsFault> openssl_fault(In in, std::string what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  if (reason != nullptr) what.append(": ").append(reason);
  return fault(in, std::move(what));
}

Owned<BIO> reader(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string text_of(const ASN1_STRING* string) {
  auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
  return lower({bytes, static_cast<size_t>(ASN1_STRING_length(string))});
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  Owned<GENERAL_NAMES> list(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
  }
  if (list) return names;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (place >= 0) {
    names.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place))));
  }
  return names;
}

std::string printed(const ASN1_TIME* time) {
  Owned<BIO> out(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!out || ASN1_TIME_print(out.get(), time) != 1) return "an unknown date";
  long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string warning_of(const X509* certificate) {
  const ASN1_TIME* begin = X509_get0_notBefore(certificate);
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(end) < 0) return "expired on " + printed(end);
  if (X509_cmp_current_time(begin) > 0) return "not valid before " + printed(begin);
  return "";
}

// The chain after the server's own certificate. False when a certificate in it is damaged.
bool add_chain(SSL_CTX* context, BIO* from) {
  for (;;) {
    Owned<X509> next(PEM_read_bio_X509(from, nullptr, nullptr, nullptr));
    if (!next) break;
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return false;
    next.release();
  }
  bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (ended) ERR_clear_error();
  return ended;
}

}  // namespace

void TlsFree::operator()(SSL* ssl) const { SSL_free(ssl); }
void TlsFree::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

TlsPair::~TlsPair() { OPENSSL_cleanse(key.data(), key.size()); }

std::expected<TlsIdentity, TlsFault> parse_tls_pair(const TlsPair& pair) {
  ERR_clear_error();
  TlsIdentity identity;
  identity.context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = identity.context.get();
  Owned<BIO> chain = reader(pair.chain), key_text = reader(pair.key);
  if (context == nullptr || !chain || !key_text) return fault(In::kCertificate, "no memory");

  Owned<X509> own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!own) return fault(In::kCertificate, "not a certificate in PEM form");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    return openssl_fault(In::kCertificate, "a certificate that cannot be used");
  }
  if (!add_chain(context, chain.get())) {
    return fault(In::kCertificate, "a damaged certificate in its chain");
  }
  bool encrypted = false;
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_passphrase, &encrypted));
  if (encrypted) return fault(In::kKey, "a private key with a passphrase");
  if (!key) return fault(In::kKey, "not a private key in PEM form");
  if (X509_check_private_key(own.get(), key.get()) != 1) {
    return fault(In::kKey, "does not match its certificate");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return openssl_fault(In::kKey, "a private key that cannot be used");
  }
  identity.names = names_of(own.get());
  identity.warning = warning_of(own.get());
  return identity;
}

}  // namespace howdah::net
