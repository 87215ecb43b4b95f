#include "net/ready_set.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <functional>
#include <memory>

#include "base/unix_socket.h"

namespace howdah::net {
namespace {

struct Recorder : ReadyHandler {
  int calls = 0;
  uint32_t events = 0;
  std::function<void()> then;
  void on_ready(uint32_t bits) override {
    ++calls;
    events = bits;
    if (then) then();
  }
};

void send_byte(const base::UniqueFd& fd) { ASSERT_EQ(::write(fd.get(), "x", 1), 1); }

TEST(ReadySet, TellsOfAChangeOnce) {
  ReadySet set;
  auto pair = base::make_seqpacket_pair();
  Recorder recorder;
  ASSERT_TRUE(set.add(pair->first.get(), recorder));
  EXPECT_EQ(set.dispatch(), 1);
  EXPECT_EQ(recorder.events, EPOLLOUT);
  EXPECT_EQ(set.dispatch(), 0);
  send_byte(pair->second);
  EXPECT_EQ(set.dispatch(), 1);
  EXPECT_EQ(recorder.events & EPOLLIN, EPOLLIN);
  EXPECT_EQ(set.dispatch(), 0);
}

TEST(ReadySet, TellsThatTheOtherEndIsGone) {
  ReadySet set;
  auto pair = base::make_seqpacket_pair();
  Recorder recorder;
  ASSERT_TRUE(set.add(pair->first.get(), recorder));
  pair->second.reset();
  set.dispatch();
  EXPECT_NE(recorder.events & EPOLLHUP, 0u);
}

TEST(ReadySet, KeepsQuietAboutAHandlerRemovedWhileItsNewsWasFetched) {
  ReadySet set;
  auto one = base::make_seqpacket_pair(), two = base::make_seqpacket_pair();
  auto first = std::make_unique<Recorder>(), second = std::make_unique<Recorder>();
  int calls = 0;
  // Whichever is told first destroys both.
  auto destroy = [&] {
    ++calls;
    set.remove(one->first.get(), *first);
    set.remove(two->first.get(), *second);
    second.reset();
  };
  first->then = second->then = destroy;
  ASSERT_TRUE(set.add(one->first.get(), *first));
  ASSERT_TRUE(set.add(two->first.get(), *second));
  EXPECT_EQ(set.dispatch(), 2);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace howdah::net
