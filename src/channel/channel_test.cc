// The channel's invariants (docs/channel.md), each with a test, and a property test in which real
// worker processes are killed at random.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "channel/front_channel.h"
#include "channel/worker_channel.h"

namespace howdah::channel {
namespace {

base::UniqueFd copy_of(int fd) { return base::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

std::unique_ptr<SharedRegions> attach_to(const FrontChannel& front) {
  std::vector<base::UniqueFd> events;
  for (uint32_t i = 0; i < front.shape().loops; ++i) events.push_back(copy_of(front.loop_event(i)));
  auto regions = SharedRegions::attach(copy_of(front.requests_fd()), copy_of(front.claims_fd()),
                                       std::move(events));
  EXPECT_TRUE(regions) << regions.error().message();
  return std::move(*regions);
}

std::unique_ptr<WorkerChannel> sit_down(SharedRegions& regions, Seat& seat) {
  auto worker = WorkerChannel::attach(regions, seat.worker(), seat.incarnation(),
                                      copy_of(seat.region_fd().get()),
                                      copy_of(seat.worker_body_socket().get()));
  EXPECT_TRUE(worker) << worker.error().message();
  return std::move(*worker);
}

std::string encoded(std::string_view nonce) {
  RequestEncoder encoder;
  encoder.begin();
  encoder.add(Var::kQueryString, nonce);
  return std::string(encoder.bytes());
}

std::string_view nonce_of(const Request& request) {
  RequestView view = request.vars;
  RequestView::Item item;
  while (view.next(item)) {
    if (item.var == Var::kQueryString) return item.value;
  }
  return {};
}

struct ChannelTest : testing::Test {
  std::unique_ptr<FrontChannel> front =
      *FrontChannel::create({.workers = 2, .loops = 1, .slots = 8});
  std::unique_ptr<SharedRegions> regions = attach_to(*front);
  std::shared_ptr<Seat> seat = *Seat::create(0, 1, 1);
  std::unique_ptr<WorkerChannel> worker = sit_down(*regions, *seat);

  bool publish(uint32_t slot, uint32_t ticket, std::string_view nonce = "n") {
    return front->publish(slot, ticket, 0, encoded(nonce), {}, 0);
  }
  std::vector<Frame> frames() {
    std::vector<Frame> all;
    for (;;) {
      auto frame = seat->ring(0).peek();
      EXPECT_TRUE(frame) << frame.error().message();
      if (!frame || !*frame) return all;
      all.push_back(**frame);
    }
  }
};

TEST_F(ChannelTest, CarriesARequestAndItsAnswer) {
  ASSERT_TRUE(front->publish(3, 77, 0, encoded("hello"), "a body", 6));
  const Request* request = worker->next_request();
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(nonce_of(*request), "hello");
  EXPECT_EQ(request->inline_body, "a body");
  EXPECT_EQ(front->claim(3), (Claim{77, SlotState::kClaimed, 0, 1}));
  worker->begin();
  EXPECT_EQ(front->claim(3), (Claim{77, SlotState::kRunning, 0, 1}));
  ResponseHeadEncoder head;
  head.begin(201);
  EXPECT_TRUE(worker->head(head));
  EXPECT_TRUE(worker->body("one "));
  EXPECT_TRUE(worker->body("two"));
  EXPECT_FALSE(front->has_news(0));  // nothing is told before there is reason to
  worker->end();
  EXPECT_TRUE(front->has_news(0));
  auto got = frames();
  ASSERT_EQ(got.size(), 3u);  // both pieces in one frame
  EXPECT_EQ(got[0].type, FrameType::kHead);
  EXPECT_EQ(got[1].payload, "one two");
  EXPECT_EQ(got[2].type, FrameType::kEnd);
  for (const Frame& frame : got) EXPECT_EQ(frame.ticket, 77u);
  worker->release();
  EXPECT_EQ(front->claim(3).state, SlotState::kReleased);
}

TEST_F(ChannelTest, AScriptCanAskForMoreTimeUntilItsAnswerIsComplete) {
  for (uint32_t ticket : {1u, 2u}) {
    ASSERT_TRUE(publish(0, ticket, "a"));
    worker->next_request();
    ASSERT_TRUE(worker->begin());
    EXPECT_EQ(seat->wanted_deadline(0), 0) << "the last request's wish is not this one's";
    worker->want_deadline(5000);
    worker->want_deadline(4000);
    EXPECT_EQ(seat->wanted_deadline(0), 5000);
    worker->end();
    EXPECT_EQ(seat->wanted_deadline(0), kNoDeadline);
    worker->want_deadline(6000);
    EXPECT_EQ(seat->wanted_deadline(0), kNoDeadline);
    worker->release();
    front->reset(0);
  }
}

TEST_F(ChannelTest, ClaimsInTheOrderOfPublishing) {
  for (uint32_t i = 0; i < 8; ++i) ASSERT_TRUE(publish(7 - i, 100 + i, std::to_string(i)));
  for (uint32_t i = 0; i < 8; ++i) {
    EXPECT_EQ(nonce_of(*worker->next_request()), std::to_string(i));
    worker->release();
  }
}

TEST_F(ChannelTest, ARequestIsTakenBackUntilItHasBegun) {
  for (uint32_t slot = 0; slot < 3; ++slot) {
    ASSERT_TRUE(publish(slot, slot + 1, std::to_string(slot)));
  }
  EXPECT_TRUE(front->take_back(0, 1));
  EXPECT_EQ(nonce_of(*worker->next_request()), "1");
  EXPECT_TRUE(front->take_back(1, 2));
  EXPECT_FALSE(worker->begin());
  EXPECT_EQ(nonce_of(*worker->next_request()), "2");
  EXPECT_TRUE(worker->begin());
  EXPECT_FALSE(front->take_back(2, 3));
}

TEST_F(ChannelTest, TheOrderRingComesRoundManyTimes) {
  for (uint32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(publish(i % 8, i, std::to_string(i)));
    EXPECT_EQ(nonce_of(*worker->next_request()), std::to_string(i));
    worker->release();
  }
}

TEST_F(ChannelTest, StaleEntriesMakeRoomInTheOrderRing) {
  for (uint32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(publish(0, i));
    ASSERT_TRUE(front->take_back(0, i));
  }
}

TEST_F(ChannelTest, RequestMemoryCannotBeMappedForWritingNorResized) {
  size_t size = request_region_bytes(32, 8);
  EXPECT_FALSE(map_region(front->requests_fd(), size, Access::kReadWrite));
  EXPECT_TRUE(map_region(front->requests_fd(), size, Access::kReadOnly));
  for (int fd : {front->requests_fd(), front->claims_fd(), seat->region_fd().get()}) {
    EXPECT_LT(::ftruncate(fd, 0), 0);
    EXPECT_LT(::ftruncate(fd, 1 << 30), 0);
    EXPECT_LT(::fcntl(fd, F_ADD_SEALS, 0x0008 /* F_SEAL_WRITE */), 0);
  }
}

TEST_F(ChannelTest, TheLowestNumberedSleeperIsWoken) {
  auto second_seat = *Seat::create(1, 1, 1);
  auto second = sit_down(*regions, *second_seat);
  std::thread sleeper_a([&] { worker->next_request(); });
  std::thread sleeper_b([&] { second->next_request(); });
  while (!front->sleeping(0) || !front->sleeping(1)) std::this_thread::yield();
  ASSERT_TRUE(publish(0, 1));
  EXPECT_EQ(front->wake(1), 1u);
  sleeper_a.join();
  EXPECT_TRUE(front->sleeping(1));
  EXPECT_EQ(front->claim(0).worker, 0u);
  second->request_stop();
  sleeper_b.join();
}

TEST_F(ChannelTest, ARetiredWorkerEndsAndItsSuccessorDoesNot) {
  front->retire(0, 1);
  EXPECT_EQ(worker->next_request(), nullptr);
  auto next_seat = *Seat::create(0, 2, 1);
  auto next = sit_down(*regions, *next_seat);
  ASSERT_TRUE(publish(0, 9));
  EXPECT_NE(next->next_request(), nullptr);
}

TEST_F(ChannelTest, OnlyAWorkerThatSleepsIsRetiredWhenThatIsAskedFor) {
  EXPECT_FALSE(front->retire_if_sleeping(0, 1));
  ASSERT_TRUE(publish(0, 9));
  EXPECT_NE(worker->next_request(), nullptr);
  worker->begin();
  worker->release();
  std::thread sleeper([&] { EXPECT_EQ(worker->next_request(), nullptr); });
  while (!front->sleeping(0)) std::this_thread::yield();
  EXPECT_TRUE(front->retire_if_sleeping(0, 1));
  sleeper.join();
  EXPECT_FALSE(front->sleeping(0));
}

TEST_F(ChannelTest, ASuccessorOfTheSameIncarnationIsNotToldToEnd) {
  front->retire(0, 1);
  front->forget(0);
  ASSERT_TRUE(publish(0, 9));
  EXPECT_NE(worker->next_request(), nullptr);
}

TEST_F(ChannelTest, TheLoopsEventIsWrittenOnlyWhileItSleeps) {
  uint64_t count = 0;
  ASSERT_TRUE(publish(0, 1));
  worker->next_request();
  worker->end();
  EXPECT_LT(::read(front->loop_wake(0), &count, sizeof count), 0);
  worker->release();
  front->set_asleep(0, true);
  ASSERT_TRUE(publish(1, 2));
  worker->next_request();
  worker->end();
  EXPECT_EQ(::read(front->loop_wake(0), &count, sizeof count), 1);
}

TEST_F(ChannelTest, AWorkerCanNeitherTakeAnothersNewsNorMakeTheFrontBlock) {
  front->set_asleep(0, true);
  ASSERT_TRUE(publish(0, 1));
  worker->next_request();
  worker->end();
  uint64_t count = 0;
  EXPECT_LT(::read(front->loop_event(0), &count, sizeof count), 0);
  EXPECT_EQ(::fcntl(front->loop_event(0), F_SETFL, 0), 0);
  EXPECT_EQ(::fcntl(front->loop_wake(0), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  EXPECT_EQ(::read(front->loop_wake(0), &count, sizeof count), 1);
}

TEST_F(ChannelTest, AFullRingHoldsTheWorkerUntilTheFrontTakes) {
  ASSERT_TRUE(publish(0, 1));
  worker->next_request();
  worker->begin();
  const std::string piece(10'000, 'x');
  constexpr int kPieces = 200;
  std::thread writer([&] {
    for (int i = 0; i < kPieces; ++i) ASSERT_TRUE(worker->body(piece));
    worker->end();
  });
  size_t total = 0;
  for (bool ended = false; !ended;) {
    for (const Frame& frame : frames()) {
      if (frame.type == FrameType::kEnd) ended = true;
      if (frame.type != FrameType::kBody) continue;
      total += frame.payload.size();
      EXPECT_EQ(frame.payload.find_first_not_of('x'), std::string_view::npos);
    }
    seat->ring(0).take_to(seat->ring(0).peeked());
  }
  writer.join();
  EXPECT_EQ(total, kPieces * piece.size());
}

TEST_F(ChannelTest, ACancelledWriterComesBackFromAFullRing) {
  ASSERT_TRUE(publish(0, 1));
  worker->next_request();
  worker->begin();
  std::thread writer([&] {
    while (worker->body(std::string(10'000, 'x'))) {
    }
    worker->log(2, "was cancelled");
    worker->release();
  });
  while (!front->has_news(0)) std::this_thread::yield();
  front->set_cancelled(0);
  seat->wake_writer(0);
  writer.join();
  EXPECT_EQ(front->claim(0).state, SlotState::kReleased);
}

TEST_F(ChannelTest, AFinishedAnswerIsCompleteWhileItsScriptGoesOn) {
  ASSERT_TRUE(publish(0, 1));
  worker->next_request();
  worker->begin();
  worker->body("all of it");
  worker->finish();
  EXPECT_TRUE(front->has_news(0));
  EXPECT_EQ(front->claim(0), (Claim{1, SlotState::kFinished, 0, 1}));
  auto got = frames();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].type, FrameType::kEnd);
  EXPECT_FALSE(worker->body("too late"));
  EXPECT_FALSE(worker->flush());
  worker->finish();
  worker->log(2, "still at it");
  got = frames();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].type, FrameType::kLog);
  worker->release();
  EXPECT_EQ(front->claim(0).state, SlotState::kReleased);
  EXPECT_TRUE(frames().empty());  // no second end
}

TEST_F(ChannelTest, AWorkerTellsThatItWaitsAndWhatBecameOfItsScript) {
  EXPECT_FALSE(seat->report().waited);
  worker->report_restart();
  worker->report_restart();
  EXPECT_FALSE(seat->report().waited);
  ASSERT_TRUE(publish(0, 1));
  worker->next_request();
  EXPECT_TRUE(seat->report().waited);
  EXPECT_EQ(seat->report().script_restarts, 2u);
}

TEST_F(ChannelTest, ALogLineBetweenRequestsBelongsToNoneThatRuns) {
  worker->record("before the first");
  worker->log(2, "likewise");
  ASSERT_TRUE(publish(0, 5));
  worker->next_request();
  ASSERT_TRUE(worker->begin());
  worker->release();
  worker->record("after the last");
  auto got = frames();
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0].ticket, 0u);
  EXPECT_EQ(got[0].payload, "before the first");
  EXPECT_EQ(got[1].ticket, 0u);
  EXPECT_EQ(got[1].payload, "\2likewise");
  EXPECT_EQ(got[3].type, FrameType::kLog);
  EXPECT_EQ(got[3].ticket, 0u);
  EXPECT_EQ(got[3].payload, "after the last");
  EXPECT_EQ(front->claim(0).state, SlotState::kReleased);
}

TEST_F(ChannelTest, PassesADescriptorForALargeBody) {
  int file = ::memfd_create("body", 0);
  ASSERT_EQ(::write(file, "large", 5), 5);
  ASSERT_TRUE(front->publish(0, 5, 0, encoded("n"), {}, 5));
  worker->next_request();
  ASSERT_TRUE(seat->send_body(4, -1));  // left over from an earlier request
  ASSERT_TRUE(seat->send_body(5, file));
  auto body = worker->body_descriptor();
  ASSERT_TRUE(body);
  char bytes[5];
  EXPECT_EQ(::pread(body->get(), bytes, 5, 0), 5);
  EXPECT_EQ(frames()[0].type, FrameType::kNeedBody);
  ::close(file);
}

TEST_F(ChannelTest, AScribbledRingIsAnErrorNotACrash) {
  auto controls = map_region_prefix(seat->region_fd().get(), kRingControls, Access::kReadWrite);
  auto data = RingMapping::map(seat->region_fd().get(), ring_offset(0), kRingBytes);
  ASSERT_TRUE(controls && data);
  auto& control = *static_cast<RingControl*>(controls->data());
  for (uint64_t written : {uint64_t{1}, uint64_t{8}, uint64_t{kRingBytes + 8}, ~uint64_t{0}}) {
    control.written = written;
    EXPECT_FALSE(seat->ring(0).peek()) << written;
  }
  FrameHeader header{1, static_cast<uint16_t>(FrameType::kBody), 0, 0xFFFFFFF0, 0};
  std::memcpy(data->data(), &header, sizeof header);
  control.written = 64;
  EXPECT_FALSE(seat->ring(0).peek());
  header = {1, 99, 0, 8, 0};
  std::memcpy(data->data(), &header, sizeof header);
  EXPECT_FALSE(seat->ring(0).peek());
}

TEST_F(ChannelTest, AScribbledOrderHeadIsPutRight) {
  auto claims = map_region(front->claims_fd(), sizeof(ClaimsRegion), Access::kReadWrite);
  ASSERT_TRUE(claims);
  auto& head = static_cast<ClaimsRegion*>(claims->data())->order_head;
  uint32_t ticket = 0;
  for (int i = 0; i < 100; ++i) {  // so far that the ring has come round
    ASSERT_TRUE(publish(0, ++ticket));
    ASSERT_NE(worker->next_request(), nullptr);
    worker->release();
  }
  for (uint64_t scribble : {~uint64_t{0}, uint64_t{0}, uint64_t{1} << 40}) {
    head = scribble;
    ASSERT_TRUE(publish(0, ++ticket, "after"));
    front->repair_order_head();
    const Request* request = worker->next_request();
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(nonce_of(*request), "after");
    worker->release();
  }
}

TEST_F(ChannelTest, ARequestThatWasTakenBackIsNotBegun) {
  ASSERT_TRUE(publish(0, 1));
  ASSERT_NE(worker->next_request(), nullptr);
  EXPECT_TRUE(front->take_back(0, 1));
  EXPECT_FALSE(worker->begin());
  worker->release();
  EXPECT_EQ(front->claim(0).state, SlotState::kFree);
  ASSERT_TRUE(publish(0, 2));
  ASSERT_NE(worker->next_request(), nullptr);
  EXPECT_TRUE(worker->begin());
  EXPECT_FALSE(front->take_back(0, 2));
}

// --- the property
// ----------------------------------------------------------------------------------

// Plays a front with real worker processes that are killed at random instants. The model: every
// request is answered exactly once with its own answer, or lost, and lost only when a worker was
// killed that had begun it.
class Farm {
 public:
  static constexpr uint32_t kWorkers = 3;
  static constexpr uint32_t kSlots = 16;

  explicit Farm(uint32_t seed) : random_(seed) {
    for (uint32_t slot = 0; slot < kSlots; ++slot) free_.push_back(slot);
    for (uint32_t worker = 0; worker < kWorkers; ++worker) spawn(worker);
  }
  ~Farm() {
    for (Worker& worker : workers_) {
      ::kill(worker.pid, SIGKILL);
      ::waitpid(worker.pid, nullptr, 0);
    }
  }

  void run(uint32_t requests) {
    uint32_t submitted = 0;
    while (answered_ + lost_ < requests) {
      while (submitted < requests && !free_.empty()) {
        publish(take_free(), ++submitted);
      }
      front_->wake(kWorkers);
      if (random_() % 512 == 0) ::kill(workers_[random_() % kWorkers].pid, SIGKILL);
      front_->take_news(0, [&](uint32_t worker) { drain(worker); });
      reclaim();
      bury();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
  uint32_t lost() const { return lost_; }
  uint32_t deaths() const { return deaths_; }
  size_t slots_in_use() {
    reclaim();
    return kSlots - free_.size();
  }

 private:
  struct Worker {
    pid_t pid = 0;
    uint32_t incarnation = 0;
    std::shared_ptr<Seat> seat;
  };

  void publish(uint32_t slot, uint32_t ticket) {
    tickets_[slot] = ticket;
    ended_[slot] = false;
    ASSERT_TRUE(front_->publish(slot, ticket, 0, encoded(std::to_string(ticket)), {}, 0));
  }
  uint32_t take_free() {
    uint32_t slot = free_.front();
    free_.pop_front();
    return slot;
  }
  void spawn(uint32_t number) {
    Worker& worker = workers_[number];
    worker.seat = *Seat::create(number, ++worker.incarnation, 1);
    pid_t test = ::getpid();
    worker.pid = ::fork();
    if (worker.pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != test) ::_exit(0);
      serve(*worker.seat);
      ::_exit(0);
    }
  }
  void serve(Seat& seat) {
    auto channel = sit_down(*regions_, seat);
    ResponseHeadEncoder head;
    head.begin(200);
    while (const Request* request = channel->next_request()) {
      channel->begin();
      channel->head(head);
      channel->body(nonce_of(*request));
      channel->end();
      channel->release();
    }
  }
  void drain(uint32_t number) {
    RingReader& ring = workers_[number].seat->ring(0);
    for (;;) {
      auto frame = ring.peek();
      ASSERT_TRUE(frame) << frame.error().message();
      if (!*frame) break;
      uint32_t slot = (*frame)->slot;
      ASSERT_EQ(tickets_[slot], (*frame)->ticket);
      ASSERT_FALSE(ended_[slot]) << "answered twice";
      if ((*frame)->type == FrameType::kBody) {
        ASSERT_EQ((*frame)->payload, std::to_string(tickets_[slot])) << "another's answer";
      } else if ((*frame)->type == FrameType::kEnd) {
        ended_[slot] = true;
        ++answered_;
      }
    }
    ring.take_to(ring.peeked());
  }
  void reclaim() {
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (tickets_[slot] != 0 && ended_[slot] &&
          front_->claim(slot).state == SlotState::kReleased) {
        release(slot);
      }
    }
  }
  void release(uint32_t slot) {
    tickets_[slot] = 0;
    front_->reset(slot);
    free_.push_back(slot);
  }
  // What the pool does at a death: the ring first, then the state words.
  void bury() {
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ++deaths_;
    for (uint32_t number = 0; number < kWorkers; ++number) {
      if (workers_[number].pid != pid) continue;
      drain(number);
      front_->forget(number);
      for (uint32_t slot = 0; slot < kSlots; ++slot) {
        Claim claim = front_->claim(slot);
        bool its = tickets_[slot] != 0 && claim.worker == number &&
                   claim.incarnation == workers_[number].incarnation;
        if (!its || claim.state == SlotState::kQueued) continue;
        if (claim.state == SlotState::kClaimed) {
          publish(slot, tickets_[slot]);  // not begun: another worker gets it
        } else if (!ended_[slot]) {
          ++lost_;
          release(slot);
        } else {
          release(slot);
        }
      }
      spawn(number);
    }
  }

  std::mt19937 random_;
  std::unique_ptr<FrontChannel> front_ =
      *FrontChannel::create({.workers = kWorkers, .loops = 1, .slots = kSlots});
  std::unique_ptr<SharedRegions> regions_ = attach_to(*front_);
  Worker workers_[kWorkers];
  std::deque<uint32_t> free_;
  uint32_t tickets_[kSlots] = {};  // 0 = free
  bool ended_[kSlots] = {};
  uint32_t answered_ = 0;
  uint32_t lost_ = 0;
  uint32_t deaths_ = 0;
};

TEST(ChannelProperty, NoRequestIsLostOrMixedUpWhileWorkersAreKilledAtRandom) {
  constexpr uint32_t kRounds = 100'000;
  Farm farm(20261120);
  farm.run(kRounds);
  EXPECT_GT(farm.deaths(), 20u);
  EXPECT_LE(farm.lost(), farm.deaths());
  RecordProperty("deaths", static_cast<int>(farm.deaths()));
  std::printf("%u requests, %u kills, %u lost\n", kRounds, farm.deaths(), farm.lost());
}

}  // namespace
}  // namespace howdah::channel
