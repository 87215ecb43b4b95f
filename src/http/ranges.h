#pragma once

// The parts of a file that a client asks for (RFC 9110 section 14).

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/validators.h"

namespace howdah::http {

// More parts in one request are not served as parts: their heads would outweigh them.
inline constexpr size_t kMaxRanges = 32;

struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;  // never 0
  bool operator==(const ByteRange&) const = default;
};

// At most kMaxRanges of them, in the order they were asked for; none overlaps another.
class ByteRanges {
 public:
  std::span<const ByteRange> all() const { return {ranges_.data(), count_}; }
  size_t size() const { return count_; }
  const ByteRange& operator[](size_t index) const { return ranges_[index]; }
  // False when there is no room, or what is there overlaps.
  bool add(ByteRange range);
  void clear() { count_ = 0; }

 private:
  std::array<ByteRange, kMaxRanges> ranges_;
  size_t count_ = 0;
};

enum class RangeAnswer : uint8_t {
  kWhole,          // no range is asked for, or not in a way that has to be followed: 200
  kParts,          // 206
  kUnsatisfiable,  // 416
};

// What a Range field's value asks for of `size` bytes. Fills `ranges` for kParts.
RangeAnswer parse_ranges(std::string_view value, uint64_t size, ByteRanges& ranges);

// The same of a whole request: only GET has ranges (section 14.2), If-Range must hold, and several
// Range fields are none.
RangeAnswer requested_ranges(const RequestHead& head, const Validators& validators, uint64_t size,
                             ByteRanges& ranges);

// What all parts of a multipart/byteranges body have in common (section 14.6).
struct PartsForm {
  std::string_view boundary;
  std::string_view content_type;  // of the file
  uint64_t size = 0;              // of the file
};
// What stands ahead of the bytes of each part, and behind the last.
void append_part_head(std::string& out, const PartsForm& form, ByteRange range);
void append_parts_end(std::string& out, const PartsForm& form);
// Of the whole body.
uint64_t parts_length(const PartsForm& form, std::span<const ByteRange> ranges);

// "bytes 0-99/1234"
void append_content_range(std::string& out, ByteRange range, uint64_t size);
// "bytes */1234", for a 416.
void append_unsatisfied_range(std::string& out, uint64_t size);

}  // namespace howdah::http
