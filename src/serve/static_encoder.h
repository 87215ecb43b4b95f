#pragma once

// Encoded bodies of static files: made once by threads of its own, off the event loops, and kept in
// a cache of limited size, the least used going first.
//
// Whoever asks first for a body waits for it, and all who ask meanwhile wait for the same one. When
// too many wait to be made already, a file goes out as it is. Nothing here depends on files
// standing still: a body is only kept when the file was the one that the key describes after it was
// read.

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/content_coding.h"
#include "base/fd.h"
#include "codec/encoder.h"
#include "net/event_loop.h"

namespace howdah::serve {

// A version of a file in one coding.
struct EncodedKey {
  std::string path;  // below the document root
  uint64_t device = 0;
  uint64_t inode = 0;  // another release may have a file of this size and time at this path
  uint64_t size = 0;
  base::Nanos modified = 0;  // since the epoch
  base::ContentCoding coding = base::ContentCoding::kIdentity;
  auto operator<=>(const EncodedKey&) const = default;
};

// Called on its own loop when an encoding that it waited for has ended, whatever came out of it.
class EncodingWaiter {
 public:
  virtual ~EncodingWaiter() = default;
  virtual void on_encoded() = 0;
};

// One for all loops; thread-safe. The threads begin with the first file and end with the object,
// which ends before the loops of those who wait.
class StaticEncoder {
 public:
  explicit StaticEncoder(uint64_t cache_bytes = 0) : cache_bytes_(cache_bytes) {}
  ~StaticEncoder();
  StaticEncoder(const StaticEncoder&) = delete;
  StaticEncoder& operator=(const StaticEncoder&) = delete;

  // 0: no file is encoded.
  void resize(uint64_t cache_bytes);
  bool enabled() const { return cache_bytes_.load(std::memory_order_relaxed) > 0; }

  // Shared by the cache and those who are sending it, who may outlive its place there.
  using Body = std::shared_ptr<const std::string>;
  enum class State {
    kUnknown,  // start() it
    kEncoded,
    kPlain,  // does not become smaller, or does not fit into the cache: send it as it is
  };
  struct Found {
    State state = State::kUnknown;
    Body body;  // for kEncoded
  };
  Found find(const EncodedKey& key);

  // Shared by the one who waits and the thread that encodes, either of which may be the first to
  // let go. Used on the waiter's loop alone.
  struct Ticket {
    EncodingWaiter* waiter;  // null: given up
  };
  using TicketPtr = std::shared_ptr<Ticket>;
  // `file` is read from its beginning, by a thread. Null: too many wait already or there is no
  // thread, send it as it is.
  TicketPtr start(const EncodedKey& key, base::UniqueFd file, net::EventLoop& loop,
                  EncodingWaiter& waiter);

  // What the cache holds at present.
  uint64_t cached_bytes();

 private:
  struct Waiting {
    net::EventLoop* loop;
    TicketPtr ticket;
  };
  struct Entry {
    EncodedKey key;
    State state = State::kUnknown;  // which is: a thread is at it
    Body body;
    base::UniqueFd file;
    std::vector<Waiting> waiting;
  };
  using Entries = std::list<Entry>;  // the latest used first

  // False when the system has no thread left for it.
  bool begin_threads();
  void run();
  void finish(Entries::iterator entry, Found result);
  static uint64_t cost_of(const Entry& entry);
  void make_room();

  std::atomic<uint64_t> cache_bytes_;  // written under mutex_

  // Guarded by mutex_. The key and file of an entry that is queued or encoded are left alone.
  std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;
  Entries entries_;
  std::map<EncodedKey, Entries::iterator> by_key_;
  std::list<Entries::iterator> queue_;
  size_t unfinished_ = 0;
  uint64_t cached_bytes_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace howdah::serve
