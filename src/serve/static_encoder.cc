#include "serve/static_encoder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/background_thread.h"
#include "codec/limits.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

bool is_version(int fd, const EncodedKey& key) {
  struct stat info;
  if (::fstat(fd, &info) < 0) return false;
  return info.st_dev == key.device && info.st_ino == key.inode &&
         static_cast<uint64_t>(info.st_size) == key.size &&
         info.st_mtim.tv_sec * base::kSecond + info.st_mtim.tv_nsec == key.modified;
}

// The file's bytes; nothing when it is not the version of the key any more.
std::optional<std::string> read_version(int fd, const EncodedKey& key) {
  std::string text(key.size, '\0');
  size_t have = 0;
  while (have < text.size()) {
    ssize_t got = base::retry_eintr([&] {
      return ::pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    });
    if (got <= 0) return std::nullopt;
    have += static_cast<size_t>(got);
  }
  if (!is_version(fd, key)) return std::nullopt;
  return text;
}

// kUnknown when it could not be made.
StaticEncoder::Found encode(codec::EncoderSet& encoders, int fd, const EncodedKey& key) {
  auto text = read_version(fd, key);
  codec::Encoder* encoder = text ? encoders.begin(key.coding) : nullptr;
  if (encoder == nullptr) return {};
  std::string body;
  char room[codec::kEncodedPieceBytes];
  bool sound = codec::encode_all(*encoder, *text, codec::Until::kFinished, room,
                                 [&](std::string_view piece) {
                                   body += piece;
                                   return true;
                                 });
  if (!sound) return {};
  if (body.size() >= text->size()) return {StaticEncoder::State::kPlain, nullptr};
  body.shrink_to_fit();
  return {StaticEncoder::State::kEncoded, std::make_shared<const std::string>(std::move(body))};
}

}  // namespace

StaticEncoder::~StaticEncoder() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

StaticEncoder::Found StaticEncoder::find(const EncodedKey& key) {
  std::lock_guard lock(mutex_);
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  entries_.splice(entries_.begin(), entries_, found->second);
  return {found->second->state, found->second->body};
}

StaticEncoder::TicketPtr StaticEncoder::start(const EncodedKey& key, base::UniqueFd file,
                                              net::EventLoop& loop, EncodingWaiter& waiter) {
  std::lock_guard lock(mutex_);
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (unfinished_ >= kQueuedEncodings || !begin_threads()) return nullptr;
    entries_.push_front({.key = key, .file = std::move(file)});
    found = by_key_.emplace(key, entries_.begin()).first;
    queue_.push_back(entries_.begin());
    ++unfinished_;
    work_.notify_one();
  }
  Entry& entry = *found->second;
  auto ticket = std::make_shared<Ticket>(&waiter);
  if (entry.state == State::kUnknown) {
    entry.waiting.push_back({&loop, ticket});
  } else {
    // It was finished since find().
    loop.post([ticket] {
      if (ticket->waiter != nullptr) ticket->waiter->on_encoded();
    });
  }
  return ticket;
}

void StaticEncoder::resize(uint64_t cache_bytes) {
  std::lock_guard lock(mutex_);
  cache_bytes_ = cache_bytes;
  make_room();
}

uint64_t StaticEncoder::cached_bytes() {
  std::lock_guard lock(mutex_);
  return cached_bytes_;
}

bool StaticEncoder::begin_threads() {
  while (threads_.size() < kEncodingThreads) {
    auto thread = base::begin_background_thread("encoder", [this] { run(); });
    if (!thread) break;
    threads_.push_back(std::move(*thread));
  }
  return !threads_.empty();
}

void StaticEncoder::run() {
  codec::EncoderSet encoders(codec::Effort::kStatic);
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Entries::iterator entry = queue_.front();
    queue_.pop_front();
    lock.unlock();
    Found result = encode(encoders, entry->file.get(), entry->key);
    lock.lock();
    finish(entry, std::move(result));
  }
}

uint64_t StaticEncoder::cost_of(const Entry& entry) {
  return kEncodedEntryBytes + 2 * entry.key.path.size() + (entry.body ? entry.body->size() : 0);
}

void StaticEncoder::finish(Entries::iterator entry, Found result) {
  --unfinished_;
  entry->file.reset();
  entry->state = result.state;
  entry->body = std::move(result.body);
  if (cost_of(*entry) > cache_bytes_) {
    entry->state = State::kPlain;
    entry->body.reset();
  }
  for (Waiting& waiting : entry->waiting) {
    waiting.loop->post([ticket = std::move(waiting.ticket)] {
      if (ticket->waiter != nullptr) ticket->waiter->on_encoded();
    });
  }
  entry->waiting.clear();
  entry->waiting.shrink_to_fit();
  if (entry->state == State::kUnknown) {
    by_key_.erase(entry->key);
    entries_.erase(entry);
    return;
  }
  cached_bytes_ += cost_of(*entry);
  make_room();
}

void StaticEncoder::make_room() {
  for (auto at = entries_.end(); at != entries_.begin() && cached_bytes_ > cache_bytes_;) {
    --at;
    if (at->state == State::kUnknown) continue;
    cached_bytes_ -= cost_of(*at);
    by_key_.erase(at->key);
    at = entries_.erase(at);
  }
}

}  // namespace howdah::serve
