#include "net/tls_identity.h"

#include <gmock/gmock.h>

#include "net/tls_fixture.h"

namespace howdah::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using In = TlsFault::In;

TEST(TlsIdentity, KnowsTheNamesOfItsCertificate) {
  auto identity =
      parse_tls_pair(make_pair({.alternatives = "DNS:Example.com,IP:127.0.0.1,DNS:*.x.org"}));
  ASSERT_TRUE(identity);
  EXPECT_THAT(identity->names, ElementsAre("example.com", "*.x.org"));
  EXPECT_THAT(identity->warning, IsEmpty());
}

TEST(TlsIdentity, TakesTheCommonNameWhereThereAreNoAlternatives) {
  auto identity = parse_tls_pair(make_pair({.subject = "Old.Test", .alternatives = ""}));
  ASSERT_TRUE(identity);
  EXPECT_THAT(identity->names, ElementsAre("old.test"));
}

TEST(TlsIdentity, WarnsOfTimesThatDoNotFit) {
  auto expired = parse_tls_pair(make_pair({.valid_from = -7200, .valid_until = -3600}));
  ASSERT_TRUE(expired);
  EXPECT_THAT(expired->warning, StartsWith("expired on "));
  auto future = parse_tls_pair(make_pair({.valid_from = 3600}));
  ASSERT_TRUE(future);
  EXPECT_THAT(future->warning, StartsWith("not valid before "));
}

void expect_fault(const TlsPair& pair, In in, const std::string& what) {
  auto identity = parse_tls_pair(pair);
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().in, in);
  EXPECT_THAT(identity.error().what, HasSubstr(what));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(TlsIdentity, SaysWhichFileIsWrong) {
  TlsPair pair = make_pair(), other = make_pair();
  expect_fault({"", pair.key}, In::kCertificate, "not a certificate in PEM form");
  expect_fault({"text", pair.key}, In::kCertificate, "not a certificate in PEM form");
  expect_fault({pair.key, pair.key}, In::kCertificate, "not a certificate in PEM form");
  expect_fault({pair.chain, ""}, In::kKey, "not a private key in PEM form");
  expect_fault({pair.chain, pair.chain}, In::kKey, "not a private key in PEM form");
  expect_fault({pair.chain, other.key}, In::kKey, "does not match its certificate");
}

TEST(TlsIdentity, TakesAChainAndRefusesADamagedOne) {
  TlsPair pair = make_pair(), other = make_pair();
  EXPECT_TRUE(parse_tls_pair({pair.chain + other.chain, pair.key}));
  std::string damaged = other.chain;
  damaged.replace(damaged.find("\nM") + 1, 4, "AAAA");
  expect_fault({pair.chain + damaged, pair.key}, In::kCertificate, "damaged");
}

TEST(TlsIdentity, NeverAsksForAPassphrase) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* text = BIO_new(BIO_s_mem());
  char phrase[] = "phrase";
  PEM_write_bio_PrivateKey(text, key, EVP_aes_128_cbc(), nullptr, 0, nullptr, phrase);
  EVP_PKEY_free(key);
  TlsPair pair = make_pair();
  expect_fault({pair.chain, text_of(text)}, In::kKey, "passphrase");
}

TEST(TlsIdentity, RefusesAKeyThatIsTooShort) {
  EVP_PKEY* key = EVP_RSA_gen(512);
  ASSERT_NE(key, nullptr);
  X509* certificate = X509_new();
  X509_set_pubkey(certificate, key);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_sign(certificate, key, EVP_sha256());
  BIO* chain = BIO_new(BIO_s_mem());
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(chain, certificate);
  PEM_write_bio_PrivateKey(text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  expect_fault({text_of(chain), text_of(text)}, In::kCertificate, "key too small");
}

}  // namespace
}  // namespace howdah::net
