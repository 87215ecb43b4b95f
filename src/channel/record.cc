#include "channel/record.h"

#include <cstring>

#include "channel/limits.h"

namespace howdah::channel {
namespace {

struct RecordPrefix {
  uint8_t level;
  uint8_t unused[3];
  uint32_t text_size;
};
// What a text may take where there are attributes as well.
constexpr size_t kTextBytes = kMaxTextBytes / 2;

}  // namespace

std::string encode_record(const LogRecord& record) {
  std::string_view text = record.text.substr(0, kTextBytes);
  std::string attributes(record.attributes);
  if (sizeof(RecordPrefix) + text.size() + attributes.size() > kMaxTextBytes) {
    attributes = "{\"attributes_left_out_bytes\":" + std::to_string(attributes.size()) + "}";
  }
  RecordPrefix prefix{static_cast<uint8_t>(record.level), {}, static_cast<uint32_t>(text.size())};
  std::string payload(reinterpret_cast<const char*>(&prefix), sizeof prefix);
  return payload.append(text).append(attributes);
}

std::optional<LogRecord> decode_record(std::string_view payload) {
  RecordPrefix prefix;
  if (payload.size() < sizeof prefix || payload.size() > kMaxTextBytes) return std::nullopt;
  std::memcpy(&prefix, payload.data(), sizeof prefix);
  payload.remove_prefix(sizeof prefix);
  if (prefix.text_size > payload.size()) return std::nullopt;
  return LogRecord{prefix.level, payload.substr(0, prefix.text_size),
                   payload.substr(prefix.text_size)};
}

}  // namespace howdah::channel
