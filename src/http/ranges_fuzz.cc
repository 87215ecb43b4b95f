// The fields with which a client asks for parts of a file, and for those only if it has not
// changed. The input is the file's size (twice it, eight bytes), then lines of "name: value".

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <tuple>

#include "http/ranges.h"

namespace howdah::http {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_ranges(const ByteRanges& ranges, uint64_t size) {
  require(ranges.size() >= 1 && ranges.size() <= kMaxRanges);
  uint64_t sum = 0;
  for (ByteRange range : ranges.all()) {
    require(range.length > 0 && range.offset < size && range.length <= size - range.offset);
    sum += range.length;
  }
  require(sum <= size);
}

void check(uint64_t size, std::string_view text) {
  RequestHead head;
  head.method = "GET";
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) continue;
    size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    head.fields.push_back({line.substr(0, colon), line.substr(value)});
  }
  std::string etag;
  append_etag(etag, size, 784111777);
  Validators validators{.etag = etag, .last_modified = 784111777, .date_is_strong = true};
  std::ignore = evaluate_preconditions(head, validators);

  ByteRanges ranges;
  if (requested_ranges(head, validators, size, ranges) != RangeAnswer::kParts) return;
  check_ranges(ranges, size);
  PartsForm form{.boundary = "b", .content_type = "text/plain", .size = size};
  std::string heads;
  uint64_t content = 0;
  for (ByteRange range : ranges.all()) {
    append_part_head(heads, form, range);
    content += range.length;
  }
  append_parts_end(heads, form);
  require(parts_length(form, ranges.all()) == heads.size() + content);
}

}  // namespace
}  // namespace howdah::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t file_size = 0;
  if (size < sizeof file_size) return 0;
  std::memcpy(&file_size, data, sizeof file_size);
  // The largest that a file can have.
  file_size >>= 1;
  howdah::http::check(
      file_size, {reinterpret_cast<const char*>(data) + sizeof file_size, size - sizeof file_size});
  return 0;
}
