#include "serve/static_encoder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "serve/limits.h"

namespace howdah::serve {
namespace {

using State = StaticEncoder::State;

class StaticEncoderTest : public testing::Test, public EncodingWaiter {
 protected:
  StaticEncoderTest() {
    char name[] = "/tmp/howdah-encoder-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  ~StaticEncoderTest() override { std::filesystem::remove_all(root_); }
  void on_encoded() override { ++encoded_; }

  base::UniqueFd put(const std::string& name, const std::string& text) {
    std::ofstream(root_ + "/" + name, std::ios::binary) << text;
    return base::UniqueFd(::open((root_ + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  }
  static EncodedKey key_of(const std::string& name, int fd,
                           base::ContentCoding coding = base::ContentCoding::kGzip) {
    struct stat info{};
    ::fstat(fd, &info);
    return {name,
            info.st_dev,
            info.st_ino,
            static_cast<uint64_t>(info.st_size),
            info.st_mtim.tv_sec * base::kSecond + info.st_mtim.tv_nsec,
            coding};
  }
  // Runs the loop until so many encodings have been heard of.
  void wait_for(int count) {
    base::Nanos until = base::monotonic_now() + 20 * base::kSecond;
    while (encoded_ < count && base::monotonic_now() < until) {
      if (!loop_.run_pass()) std::this_thread::yield();
    }
    ASSERT_EQ(encoded_, count);
  }
  // Encodes one file and returns its key.
  EncodedKey encode(StaticEncoder& encoder, const std::string& name, const std::string& text) {
    auto file = put(name, text);
    EncodedKey key = key_of(name, file.get());
    auto ticket = encoder.start(key, std::move(file), loop_, *this);
    EXPECT_NE(ticket, nullptr);
    wait_for(encoded_ + 1);
    return key;
  }

  std::string root_;
  net::EventLoop loop_{0};
  int encoded_ = 0;
};

TEST_F(StaticEncoderTest, EncodesAFileOnceAndKeepsIt) {
  StaticEncoder encoder(1 << 20);
  EncodedKey key = encode(encoder, "a.txt", std::string(10'000, 'a'));
  auto found = encoder.find(key);
  ASSERT_EQ(found.state, State::kEncoded);
  EXPECT_LT(found.body->size(), 200u);
  EXPECT_EQ(found.body->substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(encoder.find(key).body, found.body);
  key.modified += 1;
  EXPECT_EQ(encoder.find(key).state, State::kUnknown);
}

TEST_F(StaticEncoderTest, AllWhoAskMeanwhileWaitForTheSameOne) {
  StaticEncoder encoder(1 << 20);
  auto file = put("a.txt", std::string(2 << 20, 'a'));
  EncodedKey key = key_of("a.txt", file.get());
  std::vector<StaticEncoder::TicketPtr> tickets;
  for (int i = 0; i < 10; ++i) {
    tickets.push_back(encoder.start(key, base::UniqueFd(::dup(file.get())), loop_, *this));
    ASSERT_NE(tickets.back(), nullptr);
  }
  wait_for(10);
  EXPECT_EQ(encoder.find(key).state, State::kEncoded);
}

TEST_F(StaticEncoderTest, WhoGivesUpHearsNothing) {
  StaticEncoder encoder(1 << 20);
  auto file = put("a.txt", std::string(100'000, 'a'));
  EncodedKey key = key_of("a.txt", file.get());
  auto given_up = encoder.start(key, base::UniqueFd(::dup(file.get())), loop_, *this);
  given_up->waiter = nullptr;
  auto ticket = encoder.start(key, std::move(file), loop_, *this);
  wait_for(1);
  while (loop_.run_pass()) {
  }
  EXPECT_EQ(encoded_, 1);
}

TEST_F(StaticEncoderTest, AFileThatDoesNotShrinkIsPlain) {
  StaticEncoder encoder(1 << 20);
  std::string noise(4096, '\0');
  for (char& byte : noise) byte = static_cast<char>(::rand());
  EncodedKey key = encode(encoder, "noise.txt", noise);
  EXPECT_EQ(encoder.find(key).state, State::kPlain);
}

TEST_F(StaticEncoderTest, AFileThatHasChangedIsForgotten) {
  StaticEncoder encoder(1 << 20);
  auto file = put("a.txt", std::string(1000, 'a'));
  EncodedKey key = key_of("a.txt", file.get());
  key.modified -= base::kSecond;
  auto ticket = encoder.start(key, std::move(file), loop_, *this);
  wait_for(1);
  EXPECT_EQ(encoder.find(key).state, State::kUnknown);
  EXPECT_EQ(encoder.cached_bytes(), 0u);
}

TEST_F(StaticEncoderTest, TheLeastUsedGoesFirst) {
  constexpr uint64_t kThree = 3 * (kEncodedEntryBytes + 200);
  StaticEncoder encoder(kThree);
  EncodedKey first = encode(encoder, "1", std::string(1000, '1'));
  EncodedKey second = encode(encoder, "2", std::string(1000, '2'));
  EncodedKey third = encode(encoder, "3", std::string(1000, '3'));
  EXPECT_EQ(encoder.find(first).state, State::kEncoded);
  EncodedKey fourth = encode(encoder, "4", std::string(1000, '4'));
  EXPECT_EQ(encoder.find(first).state, State::kEncoded);
  EXPECT_EQ(encoder.find(second).state, State::kUnknown);
  EXPECT_EQ(encoder.find(third).state, State::kEncoded);
  EXPECT_EQ(encoder.find(fourth).state, State::kEncoded);
  EXPECT_LE(encoder.cached_bytes(), kThree);
}

TEST_F(StaticEncoderTest, ABodyThatDoesNotFitIsPlain) {
  StaticEncoder encoder(kEncodedEntryBytes + 100);
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::to_string(i * i);
  EncodedKey key = encode(encoder, "a.txt", text);
  EXPECT_EQ(encoder.find(key).state, State::kPlain);
}

TEST_F(StaticEncoderTest, TakesALimitedNumberAtATime) {
  // Larger than the threads can be done with while the test asks.
  auto file = put("a.txt", std::string(3 << 20, 'a'));
  StaticEncoder encoder(1 << 20);
  size_t taken = 0;
  std::vector<StaticEncoder::TicketPtr> tickets;
  for (size_t i = 0; i < 2 * kQueuedEncodings; ++i) {
    EncodedKey key = key_of(std::to_string(i), file.get());
    tickets.push_back(encoder.start(key, base::UniqueFd(::dup(file.get())), loop_, *this));
    if (tickets.back() != nullptr) ++taken;
  }
  EXPECT_GE(taken, kQueuedEncodings);
  EXPECT_LT(taken, 2 * kQueuedEncodings);
}

}  // namespace
}  // namespace howdah::serve
