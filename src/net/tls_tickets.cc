#include "net/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <cstring>
#include <span>

#include "base/result.h"

namespace howdah::net {
namespace {

// What the callback answers.
constexpr int kFailed = -1;
constexpr int kUnknownKey = 0;
constexpr int kUse = 1;
constexpr int kUseAndRenew = 2;

void fill(std::span<unsigned char> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) base::die("RAND_bytes", 0);
}

bool begin_mac(EVP_MAC_CTX* mac, std::span<unsigned char> key) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TlsTickets::TlsTickets(Clock clock) : clock_(clock), current_(make_key()) {}

TlsTickets::~TlsTickets() {
  OPENSSL_cleanse(&current_, sizeof current_);
  if (previous_) OPENSSL_cleanse(&*previous_, sizeof *previous_);
}

TlsTickets::Key TlsTickets::make_key() const {
  Key key;
  fill(key.name);
  fill(key.cipher);
  fill(key.mac);
  key.made_at = clock_();
  return key;
}

void TlsTickets::rotate() {
  base::Nanos age = clock_() - current_.made_at;
  if (age >= kTicketKeyTime) {
    previous_ = current_;
    current_ = make_key();
  }
  if (previous_ && clock_() - previous_->made_at >= 2 * kTicketKeyTime) {
    OPENSSL_cleanse(&*previous_, sizeof *previous_);
    previous_.reset();
  }
}

int TlsTickets::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) {
  std::lock_guard lock(mutex_);
  rotate();
  const EVP_CIPHER* kind = EVP_aes_256_cbc();
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(kind)) != 1) return kFailed;
  std::memcpy(name, current_.name.data(), current_.name.size());
  bool ready = EVP_EncryptInit_ex(cipher, kind, nullptr, current_.cipher.data(), iv) == 1 &&
               begin_mac(mac, current_.mac);
  return ready ? kUse : kFailed;
}

int TlsTickets::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) {
  std::lock_guard lock(mutex_);
  rotate();
  auto named = [&](const Key& key) {
    return std::memcmp(name, key.name.data(), key.name.size()) == 0;
  };
  bool old = previous_ && named(*previous_);
  if (!old && !named(current_)) return kUnknownKey;
  Key& key = old ? *previous_ : current_;
  bool ready = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
               begin_mac(mac, key.mac);
  if (!ready) return kFailed;
  return old ? kUseAndRenew : kUse;
}

}  // namespace howdah::net
