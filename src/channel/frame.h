#pragma once

// Frames: what a worker puts into a response ring. A frame is a FrameHeader and `length` bytes,
// padded to kFrameAlign. The ring is mapped twice in a row, so a frame is always in one piece.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "channel/limits.h"

namespace howdah::channel {

enum class FrameType : uint16_t {
  kInterim = 1,   // an interim (1xx) head
  kHead = 2,      // the final head
  kBody = 3,      // bytes of the body
  kEnd = 4,       // the answer is complete; payload EndInfo
  kLog = 5,       // a line for the log: one byte LogLevel, then text
  kNeedBody = 6,  // asks for the descriptor of the request's body
};

// Set on kHead or kBody: what precedes must go out now, the script has flushed.
inline constexpr uint16_t kFrameFlush = 1;
// Set on kHead and kEnd of a profiled request: the payload begins with PhaseTimes (phases.h).
inline constexpr uint16_t kFrameTimed = 4;

struct FrameHeader {
  uint32_t ticket;
  uint16_t type;
  uint16_t flags;
  uint32_t length;
  uint32_t slot;  // where the request lies: the front finds it without a search
};
inline constexpr size_t kFrameAlign = 8;
constexpr size_t frame_bytes(size_t length) {
  return (sizeof(FrameHeader) + length + kFrameAlign - 1) & ~(kFrameAlign - 1);
}

// Payload of kEnd. Times are monotonic nanoseconds.
struct EndInfo {
  int64_t claimed_at = 0;
  int64_t ended_at = 0;
};

// Payload of kHead and kInterim, written by a worker.
class ResponseHeadEncoder {
 public:
  void begin(uint16_t status);
  void add(std::string_view name, std::string_view value);
  // The value is the parts in a row.
  void add(std::string_view name, std::initializer_list<std::string_view> parts);
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct ResponseField {
  std::string_view name;
  std::string_view value;
};

// A head as the front reads it: structure and sizes are checked, bytes of names and values are not
// (http/response_rules.h).
class ResponseHead {
 public:
  // Copies `payload` first, so that a worker cannot change it under the check. Reuses its memory.
  base::Status decode(std::string_view payload);

  uint16_t status() const { return status_; }
  // Views valid until the next decode().
  const std::vector<ResponseField>& fields() const { return fields_; }

 private:
  std::string copy_;
  uint16_t status_ = 0;
  std::vector<ResponseField> fields_;
};

}  // namespace howdah::channel
