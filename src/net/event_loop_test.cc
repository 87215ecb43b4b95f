#include "net/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "base/unix_socket.h"

namespace howdah::net {
namespace {

// Records what the loop asks of it; `busy` passes are reported as work.
struct Hook : PassHook {
  EventLoop* loop = nullptr;
  std::string calls;
  int busy = 0;
  bool may_sleep = true;
  int stop_after = 0;
  bool poll() override {
    calls += 'p';
    return busy > 0 && busy-- > 0;
  }
  void end_pass() override { calls += 'e'; }
  bool prepare_sleep() override {
    calls += 's';
    return may_sleep;
  }
  void wake_up() override {
    calls += 'w';
    if (stop_after > 0 && --stop_after == 0) loop->stop();
  }
};

TEST(EventLoop, SleepsOnlyAfterAPassWithoutWorkAndWakesItsHooks) {
  EventLoop loop(0);
  Hook hook;
  hook.loop = &loop;
  hook.busy = 2;
  hook.may_sleep = false;
  hook.stop_after = 1;
  loop.add_hook(hook);
  loop.run();
  EXPECT_EQ(hook.calls, "pepepesw");
}

TEST(EventLoop, DoesNotBlockWhenAHookHasFoundWork) {
  EventLoop loop(0);
  Hook hook;
  hook.loop = &loop;
  hook.may_sleep = false;
  hook.stop_after = 3;
  loop.add_hook(hook);
  loop.run();
  EXPECT_EQ(hook.calls, "peswpeswpesw");
}

TEST(EventLoop, IsWokenByATaskFromAnotherThread) {
  EventLoop loop(3);
  EXPECT_EQ(loop.index(), 3u);
  std::string order;
  std::thread other([&] {
    loop.post([&] { order += 'a'; });
    loop.post([&] { order += 'b'; });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  EXPECT_EQ(order, "ab");
}

TEST(EventLoop, PassesMessagesBetweenThreadsWithoutLosingAWakeUp) {
  EventLoop loop(0);
  int received = 0;
  constexpr int kMessages = 2000;
  std::thread other([&] {
    for (int i = 0; i < kMessages; ++i) {
      loop.post([&] {
        if (++received == kMessages) loop.stop();
      });
    }
  });
  loop.run();
  other.join();
  EXPECT_EQ(received, kMessages);
}

struct Reader : ReadyHandler {
  EventLoop* loop = nullptr;
  int fd = -1;
  int reads = 0;
  void on_ready(uint32_t) override {
    char byte;
    if (::read(fd, &byte, 1) == 1 && ++reads == 1) loop->stop();
  }
};

TEST(EventLoop, IsWokenByItsReadySet) {
  EventLoop loop(0);
  auto pair = base::make_seqpacket_pair();
  ASSERT_TRUE(base::set_nonblocking(pair->first.get()));
  Reader reader;
  reader.loop = &loop;
  reader.fd = pair->first.get();
  ASSERT_TRUE(loop.ready_set().add(reader.fd, reader));
  // Posted, so that the byte comes when the loop is running; what wakes it is the byte.
  std::thread other([&] {
    loop.post([] {});
    ASSERT_EQ(::write(pair->second.get(), "x", 1), 1);
  });
  loop.run();
  other.join();
  EXPECT_EQ(reader.reads, 1);
}

struct StopTimer {
  EventLoop& loop;
  void on_due() { loop.stop(); }
  MemberTimer<StopTimer, &StopTimer::on_due> timer{*this};
};

TEST(EventLoop, IsWokenByItsTimers) {
  EventLoop loop(0);
  StopTimer stop{loop};
  base::Nanos due = loop.now() + 3 * TimerWheel::kTick;
  loop.timers().arm(stop.timer, due);
  loop.run();
  EXPECT_GE(loop.now(), due);
}

TEST(EventLoop, TakesHooksThatLeaveDuringAPass) {
  struct Leaving : Hook {
    bool poll() override {
      loop->remove_hook(*this);
      return Hook::poll();
    }
  };
  EventLoop loop(0);
  Leaving leaving;
  Hook other;
  leaving.loop = other.loop = &loop;
  loop.add_hook(leaving);
  loop.add_hook(other);
  loop.run_pass();
  loop.run_pass();
  EXPECT_EQ(leaving.calls, "p");
  EXPECT_EQ(other.calls, "pepe");
}

}  // namespace
}  // namespace howdah::net
