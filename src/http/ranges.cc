#include "http/ranges.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/chars.h"

namespace howdah::http {
namespace {

constexpr std::string_view kUnit = "bytes=";

enum class Spec : uint8_t {
  kMalformed,
  kOutside,  // none of its bytes exist
  kInside,
};

// Digits, and as many as one likes: what is larger than any file is the largest number.
std::optional<uint64_t> parse_position(std::string_view text) {
  if (text.empty() ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  uint64_t value = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::numeric_limits<uint64_t>::max();
  return value;
}

// "-500": the last 500 bytes, or all when there are fewer.
Spec parse_suffix(std::string_view digits, uint64_t size, ByteRange& range) {
  auto length = parse_position(digits);
  if (!length) return Spec::kMalformed;
  if (*length == 0) return Spec::kOutside;
  // All of nothing can be asked for, and has no Content-Range that says so.
  if (size == 0) return Spec::kMalformed;
  range.length = std::min(*length, size);
  range.offset = size - range.length;
  return Spec::kInside;
}

// "0-499", "500-", "-500"
Spec parse_spec(std::string_view text, uint64_t size, ByteRange& range) {
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return Spec::kMalformed;
  if (dash == 0) return parse_suffix(text.substr(1), size, range);
  auto first = parse_position(text.substr(0, dash));
  std::string_view end = text.substr(dash + 1);
  auto last = end.empty() ? std::numeric_limits<uint64_t>::max() : parse_position(end);
  if (!first || !last || *last < *first) return Spec::kMalformed;
  if (*first >= size) return Spec::kOutside;
  range = {*first, std::min(*last, size - 1) - *first + 1};
  return Spec::kInside;
}

void append_number(std::string& out, uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// RFC 9110 13.1.5: an entity tag is compared strongly, a date must be the very same and say enough.
bool if_range_holds(std::string_view value, const Validators& validators) {
  if (value.starts_with('"')) return value == validators.etag;
  auto date = parse_http_date(value);
  return date && validators.date_is_strong && *date == validators.last_modified;
}

}  // namespace

bool ByteRanges::add(ByteRange range) {
  if (count_ == kMaxRanges) return false;
  for (const ByteRange& other : all()) {
    bool apart =
        range.offset + range.length <= other.offset || other.offset + other.length <= range.offset;
    if (!apart) return false;
  }
  ranges_[count_++] = range;
  return true;
}

RangeAnswer parse_ranges(std::string_view value, uint64_t size, ByteRanges& ranges) {
  ranges.clear();
  if (value.size() < kUnit.size() || !iequals(value.substr(0, kUnit.size()), kUnit)) {
    return RangeAnswer::kWhole;
  }
  value.remove_prefix(kUnit.size());
  bool any = false;
  while (!value.empty()) {
    size_t comma = std::min(value.find(','), value.size());
    std::string_view text = trim_ows(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (text.empty()) continue;
    any = true;
    ByteRange range;
    Spec spec = parse_spec(text, size, range);
    if (spec == Spec::kMalformed) return RangeAnswer::kWhole;
    // Many ranges, or bytes that are wanted twice: section 14.2 lets a server send everything once.
    if (spec == Spec::kInside && !ranges.add(range)) return RangeAnswer::kWhole;
  }
  if (!any) return RangeAnswer::kWhole;
  return ranges.size() > 0 ? RangeAnswer::kParts : RangeAnswer::kUnsatisfiable;
}

RangeAnswer requested_ranges(const RequestHead& head, const Validators& validators, uint64_t size,
                             ByteRanges& ranges) {
  ranges.clear();
  if (head.method != "GET") return RangeAnswer::kWhole;
  const Field* range = head.find_only("range");
  if (range == nullptr) return RangeAnswer::kWhole;
  if (head.find("if-range") != nullptr) {
    const Field* condition = head.find_only("if-range");
    if (condition == nullptr || !if_range_holds(condition->value, validators)) {
      return RangeAnswer::kWhole;
    }
  }
  return parse_ranges(range->value, size, ranges);
}

void append_part_head(std::string& out, const PartsForm& form, ByteRange range) {
  out.append("\r\n--").append(form.boundary).append("\r\nContent-Type: ");
  out.append(form.content_type).append("\r\nContent-Range: ");
  append_content_range(out, range, form.size);
  out.append("\r\n\r\n");
}

void append_parts_end(std::string& out, const PartsForm& form) {
  out.append("\r\n--").append(form.boundary).append("--\r\n");
}

uint64_t parts_length(const PartsForm& form, std::span<const ByteRange> ranges) {
  std::string heads;
  uint64_t content = 0;
  for (const ByteRange& range : ranges) {
    append_part_head(heads, form, range);
    content += range.length;
  }
  append_parts_end(heads, form);
  return heads.size() + content;
}

void append_content_range(std::string& out, ByteRange range, uint64_t size) {
  out += "bytes ";
  append_number(out, range.offset);
  out += '-';
  append_number(out, range.offset + range.length - 1);
  out += '/';
  append_number(out, size);
}

void append_unsatisfied_range(std::string& out, uint64_t size) {
  out += "bytes */";
  append_number(out, size);
}

}  // namespace howdah::http
