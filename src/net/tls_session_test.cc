#include "net/tls_session.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/client_socket.h"
#include "net/tls_fixture.h"

namespace howdah::net {
namespace {

base::Nanos test_now = 0;
base::Nanos test_clock() { return test_now; }

// A server's ClientSocket and a client on a socket pair.
class TlsSessionTest : public testing::Test {
 protected:
  void connect() {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    far_.reset(ends[0]);
    socket_ = ClientSocket(base::UniqueFd(ends[1]));
    auto session = TlsSession::create(context_, socket_.fd());
    ASSERT_NE(session, nullptr);
    socket_.start_tls(std::move(session));
    client_.begin(far_.get());
  }
  // Both sides until there is nothing more to say.
  TlsSession::Handshake shake_hands() {
    connect();
    auto state = TlsSession::Handshake::kAgain;
    bool client_done = false;
    for (int i = 0; i < 10 && !(client_done && state == TlsSession::Handshake::kDone); ++i) {
      client_done = client_.step();
      if (state == TlsSession::Handshake::kAgain) state = socket_.tls()->handshake();
      if (state == TlsSession::Handshake::kFailed) break;
    }
    if (state == TlsSession::Handshake::kFailed) client_.step();
    return state;
  }
  void establish() { ASSERT_EQ(shake_hands(), TlsSession::Handshake::kDone); }

  ssize_t send(std::vector<std::string_view> texts) {
    std::vector<iovec> pieces;
    for (std::string_view text : texts)
      pieces.push_back({const_cast<char*>(text.data()), text.size()});
    return socket_.send(pieces, false);
  }
  std::string receive(size_t room) {
    std::string text(room, '\0');
    ssize_t got = socket_.receive(text);
    last_error_ = errno;
    last_result_ = got;
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }
  // Records the client sees, by their sizes on the wire.
  std::vector<size_t> records() {
    std::vector<size_t> sizes;
    std::string bytes(1 << 20, '\0');
    ssize_t got = ::recv(far_.get(), bytes.data(), bytes.size(), 0);
    for (size_t at = 0; got > 0 && at + 5 <= static_cast<size_t>(got);) {
      size_t size = static_cast<unsigned char>(bytes[at + 3]) * 256u +
                    static_cast<unsigned char>(bytes[at + 4]);
      sizes.push_back(size);
      at += 5 + size;
    }
    return sizes;
  }

  TlsTickets tickets_{test_clock};
  std::shared_ptr<const TlsContext> context_ = make_context(tickets_);
  TlsClient client_;
  base::UniqueFd far_;
  ClientSocket socket_;
  ssize_t last_result_ = 0;
  int last_error_ = 0;
};

TEST_F(TlsSessionTest, MovesBytesBothWays) {
  establish();
  EXPECT_STREQ(socket_.tls()->version(), "TLSv1.3");
  EXPECT_EQ(send({"an", " answer"}), 9);
  EXPECT_EQ(client_.receive(), "an answer");
  EXPECT_TRUE(client_.send("a request"));
  EXPECT_EQ(receive(100), "a request");
  EXPECT_EQ(receive(100), "");
  EXPECT_EQ(last_error_, EAGAIN);
}

TEST_F(TlsSessionTest, SpeaksTheOldestVersionAllowed) {
  client_.version = TLS1_2_VERSION;
  establish();
  EXPECT_STREQ(socket_.tls()->version(), "TLSv1.2");
}

TEST_F(TlsSessionTest, RefusesOlderVersions) {
  client_.version = TLS1_1_VERSION;
  SSL_CTX_set_security_level(client_.context(), 0);
  EXPECT_EQ(shake_hands(), TlsSession::Handshake::kFailed);
  EXPECT_STREQ(socket_.tls()->failure(), "unsupported protocol");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(TlsSessionTest, RefusesCiphersWithoutForwardSecrecy) {
  client_.version = TLS1_2_VERSION;
  SSL_CTX_set_cipher_list(client_.context(), "AES128-GCM-SHA256");
  EXPECT_EQ(shake_hands(), TlsSession::Handshake::kFailed);
  EXPECT_STREQ(socket_.tls()->failure(), "no shared cipher");
}

TEST_F(TlsSessionTest, GarbageIsAFailure) {
  connect();
  ASSERT_GT(::send(far_.get(), "\x16garbage garbage", 16, 0), 0);
  EXPECT_EQ(socket_.tls()->handshake(), TlsSession::Handshake::kFailed);
  EXPECT_STRNE(socket_.tls()->failure(), "");
}

TEST_F(TlsSessionTest, AClientThatLeavesInTheHandshakeIsAFailure) {
  connect();
  EXPECT_FALSE(client_.step());
  EXPECT_EQ(socket_.tls()->handshake(), TlsSession::Handshake::kAgain);
  far_.reset();
  EXPECT_EQ(socket_.tls()->handshake(), TlsSession::Handshake::kFailed);
}

TEST_F(TlsSessionTest, ChoosesTheProtocolByOurPreference) {
  context_ = make_context(tickets_, {{}}, {"h2", "http/1.1"});
  client_.protocols = "\x08http/1.1\x02h2";
  establish();
  EXPECT_EQ(socket_.tls()->protocol(), "h2");
}

TEST_F(TlsSessionTest, WithoutAlpnThereIsNoProtocol) {
  establish();
  EXPECT_EQ(socket_.tls()->protocol(), "");
}

TEST_F(TlsSessionTest, AProtocolNobodySpeaksIsAFailure) {
  client_.protocols = "\x08nonsense";
  EXPECT_EQ(shake_hands(), TlsSession::Handshake::kFailed);
}

TEST_F(TlsSessionTest, SmallPiecesAreOneRecord) {
  establish();
  client_.receive();  // tickets
  std::string body(1000, 'b');
  EXPECT_EQ(send({"head", body, "", "end"}), 1007);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(TlsSessionTest, LargePiecesAreWholeRecords) {
  establish();
  client_.receive();
  std::string body(40000, 'b');
  EXPECT_EQ(send({"head", body}), 40004);
  std::vector<size_t> sizes = records();
  ASSERT_EQ(sizes.size(), 3u);
  EXPECT_GT(sizes[0], 16384u);
  EXPECT_GT(sizes[1], 16384u);
}

TEST_F(TlsSessionTest, AFullSocketTakesAPartAndGoesOnWhereItStopped) {
  establish();
  client_.receive();
  std::string sent, seen;
  for (size_t i = 0; sent.size() < (4u << 20); ++i) sent += std::to_string(i) + " ";
  size_t done = 0;
  int refusals = 0;
  while (done < sent.size()) {
    // In two pieces at first, in one later: what is repeated need not lie where it lay.
    std::string_view rest = std::string_view(sent).substr(done);
    ssize_t taken = refusals % 2 == 0 ? send({rest.substr(0, 10), rest.substr(10)}) : send({rest});
    if (taken < 0) {
      ASSERT_EQ(errno, EAGAIN);
      ++refusals;
      seen += client_.receive();
      continue;
    }
    done += static_cast<size_t>(taken);
  }
  seen += client_.receive();
  EXPECT_GT(refusals, 1);
  EXPECT_TRUE(seen == sent);
}

TEST_F(TlsSessionTest, WhatWasRefusedMustBeRepeated) {
  establish();
  std::string body(1 << 20, 'b');
  ASSERT_GT(send({body}), 0);
  ASSERT_EQ(send({body}), -1);
  ASSERT_EQ(errno, EAGAIN);
  EXPECT_EQ(send({"short"}), -1);
  EXPECT_EQ(errno, EPROTO);
}

TEST_F(TlsSessionTest, SendsAFileWithoutMoreMemoryThanARecord) {
  establish();
  client_.receive();
  char name[] = "/tmp/howdah-tls-XXXXXX";
  base::UniqueFd file(::mkstemp(name));
  ::unlink(name);
  std::string text(100000, 'f');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  ASSERT_TRUE(base::write_all(file.get(), text.data(), text.size()));
  std::string seen;
  for (size_t at = 0; at < text.size();) {
    ssize_t sent = socket_.send_file(file.get(), at, text.size() - at);
    if (sent > 0)
      at += static_cast<size_t>(sent);
    else
      ASSERT_EQ(errno, EAGAIN);
    seen += client_.receive();
  }
  EXPECT_TRUE(seen == text);
  EXPECT_EQ(socket_.send_file(file.get(), text.size(), 10), 0);
}

// The ready set tells only of what the kernel has: what OpenSSL holds must be asked for.
TEST_F(TlsSessionTest, KnowsWhenThereMayBeMoreThanTheKernelTells) {
  establish();
  ASSERT_TRUE(client_.send("0123456789"));
  EXPECT_EQ(receive(4), "0123");
  EXPECT_TRUE(socket_.may_hold_more(4, 4));
  EXPECT_EQ(receive(100), "456789");
  EXPECT_TRUE(socket_.may_hold_more(6, 100));  // begun with bytes at hand: not known
  EXPECT_EQ(receive(100), "");
  ASSERT_TRUE(client_.send("one record"));
  EXPECT_EQ(receive(100), "one record");
  EXPECT_FALSE(socket_.may_hold_more(10, 100));
  ASSERT_TRUE(client_.send("first") && client_.send("second"));
  EXPECT_EQ(receive(100), "first");
  EXPECT_TRUE(socket_.may_hold_more(5, 100));
  EXPECT_EQ(receive(100), "second");
}

TEST_F(TlsSessionTest, HoldsWhatCameWithTheEndOfTheHandshake) {
  connect();
  client_.step();
  ASSERT_EQ(socket_.tls()->handshake(), TlsSession::Handshake::kAgain);
  ASSERT_TRUE(client_.step());
  ASSERT_TRUE(client_.send("early bird"));
  ASSERT_EQ(socket_.tls()->handshake(), TlsSession::Handshake::kDone);
  EXPECT_TRUE(socket_.holds_input());
  EXPECT_EQ(receive(100), "early bird");
}

TEST_F(TlsSessionTest, TellsTheClientOfTheEndAndStillCountsWhatComes) {
  establish();
  send({"last"});
  socket_.end_output();
  EXPECT_EQ(client_.receive(), "last");
  EXPECT_TRUE(client_.told_end());
  ASSERT_TRUE(client_.send("not wanted any more"));
  EXPECT_GT(receive(100).size(), 0u);
}

TEST_F(TlsSessionTest, TheClientsEndIsTheEnd) {
  establish();
  SSL_shutdown(client_.ssl());
  EXPECT_EQ(receive(100), "");
  EXPECT_EQ(last_result_, 0);
}

TEST_F(TlsSessionTest, AClientThatJustClosesHasEndedToo) {
  establish();
  ASSERT_TRUE(client_.send("bye"));
  far_.reset();
  EXPECT_EQ(receive(100), "bye");
  receive(100);
  EXPECT_LE(last_result_, 0);
  EXPECT_NE(last_error_, EAGAIN);
}

TEST_F(TlsSessionTest, GarbageInsideASessionIsAnError) {
  establish();
  ASSERT_GT(::send(far_.get(), "\x17\x03\x03\x00\x11garbagegarbagegar", 22, 0), 0);
  receive(100);
  EXPECT_EQ(last_result_, -1);
  EXPECT_EQ(last_error_, EPROTO);
  EXPECT_EQ(ERR_peek_error(), 0u);
  socket_.close();  // says nothing to who does not speak TLS
}

TEST_F(TlsSessionTest, AClientThatIsGoneTakesNothing) {
  establish();
  far_.reset();
  ssize_t sent = 0;
  for (int i = 0; i < 3 && sent >= 0; ++i) sent = send({"answer"});
  EXPECT_EQ(sent, -1);
  EXPECT_NE(errno, EAGAIN);
}

TEST_F(TlsSessionTest, EventsMeanWhatTheyAreWaitedFor) {
  establish();
  EXPECT_EQ(socket_.wakes(EPOLLOUT), uint32_t{EPOLLOUT});
  EXPECT_EQ(socket_.wakes(EPOLLIN), uint32_t{EPOLLIN});
}

// The client asks for new keys, and the answer to that finds the socket full: reading then waits
// until it can be written.
TEST_F(TlsSessionTest, ReadingMayWaitForWriting) {
  establish();
  client_.receive();
  std::string body(4096, 'b');
  while (send({body}) > 0) continue;  // the rest is unfinished
  SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_REQUESTED);
  ASSERT_TRUE(client_.send("asks"));
  receive(100);
  if (last_result_ < 0) {
    EXPECT_EQ(last_error_, EAGAIN);
    EXPECT_EQ(socket_.wakes(EPOLLOUT), uint32_t{EPOLLOUT | EPOLLIN});
  }
  client_.receive();
  EXPECT_EQ(send({body}), 4096);
  for (int i = 0; i < 3 && last_result_ <= 0; ++i) receive(100);
  EXPECT_EQ(last_result_, 4);
}

TEST_F(TlsSessionTest, NewKeysAreTakenButNotWithoutEnd) {
  establish();
  for (int i = 0; i < 5; ++i) {
    SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    ASSERT_TRUE(client_.send("data"));
    EXPECT_EQ(receive(100), "data");
  }
  for (int i = 0; i < 1000 && last_result_ > 0; ++i) {
    SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    client_.step();  // sends it
    receive(100);
    if (last_result_ < 0 && last_error_ == EAGAIN) last_result_ = 1;
  }
  EXPECT_EQ(last_error_, EPROTO);
}

// --- tickets

class TlsTicketTest : public TlsSessionTest, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    client_.version = GetParam();
    establish();
    EXPECT_FALSE(client_.resumed());
    client_.receive();
    client_.keep_session();
  }
};

TEST_P(TlsTicketTest, ResumesASession) {
  establish();
  EXPECT_TRUE(client_.resumed());
}

TEST_P(TlsTicketTest, ResumesAfterNewCertificates) {
  context_ = make_context(tickets_);
  establish();
  EXPECT_TRUE(client_.resumed());
}

TEST_P(TlsTicketTest, AKeyIsStillGoodForAsLongAsItWasUsed) {
  test_now += kTicketKeyTime;
  establish();
  EXPECT_TRUE(client_.resumed());
}

TEST_P(TlsTicketTest, AnOldKeyIsForgotten) {
  test_now += kTicketKeyTime;
  establish();  // the keys move on; the ticket in hand stays
  test_now += kTicketKeyTime;
  establish();
  EXPECT_FALSE(client_.resumed());
}

TEST_P(TlsTicketTest, OtherKeysResumeNothing) {
  TlsTickets other(test_clock);
  context_ = make_context(other);
  establish();
  EXPECT_FALSE(client_.resumed());
  socket_.close();
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsTicketTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

// --- names

TEST_F(TlsSessionTest, TheCertificateGoesWithTheName) {
  context_ = make_context(tickets_, {{.subject = "first", .alternatives = "DNS:first.test"},
                                     {.subject = "wild", .alternatives = "DNS:*.wild.test"},
                                     {.subject = "exact", .alternatives = "DNS:exact.wild.test"},
                                     {.subject = "late", .alternatives = "DNS:first.test"}});
  const std::pair<const char*, const char*> expected[] = {
      {"", "first"},           {"first.test", "first"},   {"other.test", "first"},
      {"a.wild.test", "wild"}, {"A.WILD.test", "wild"},   {"exact.wild.test", "exact"},
      {"wild.test", "first"},  {"a.b.wild.test", "first"}};
  for (auto [name, subject] : expected) {
    client_.host = name;
    establish();
    EXPECT_EQ(client_.certificate_subject(), subject) << name;
  }
}

}  // namespace
}  // namespace howdah::net
