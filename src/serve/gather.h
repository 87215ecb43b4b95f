#pragma once

// What goes out in one send(): small pieces copied side by side, large ones where they lie.

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "http/http2_session.h"
#include "serve/limits.h"

namespace howdah::serve {

// One per loop, lent to one connection after another for as long as a send() takes. Memory that is
// referred to must stay until then.
class Gather final : public http::Http2Output {
 public:
  // Forgets everything.
  void begin();
  // One more frame may not fit.
  bool full() const override;
  void append(std::string_view bytes) override;
  // Copies what is hardly worth a piece of its own, else refers to it.
  void add(std::string_view bytes);
  // Memory to read a part of a file into, at most kGatherPiece of it; add_taken() adds it.
  std::span<char> take(size_t size);
  void add_taken(std::span<const char> bytes) { refer({bytes.data(), bytes.size()}); }

  // Tells one send() from another.
  uint64_t round() const { return round_; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  std::span<const iovec> pieces() const { return pieces_; }

 private:
  void refer(std::string_view bytes);

  static constexpr size_t kArenaBytes = kGatherBytes + 4 * kGatherPiece;

  std::unique_ptr<char[]> memory_;
  size_t front_ = 0;           // copies grow from the front,
  size_t back_ = kArenaBytes;  // what is taken grows from the back
  size_t size_ = 0;
  uint64_t round_ = 0;
  std::vector<iovec> pieces_;
};

}  // namespace howdah::serve
