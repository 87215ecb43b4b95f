#include "channel/frame.h"

#include <cstring>

#include "channel/protocol_error.h"

namespace howdah::channel {
namespace {

// Payload of a head: HeadPrefix, then for each field a FieldPrefix and the bytes.
struct HeadPrefix {
  uint16_t status;
  uint16_t field_count;
};
struct FieldPrefix {
  uint32_t name_size;
  uint32_t value_size;
};

}  // namespace

void ResponseHeadEncoder::begin(uint16_t status) {
  HeadPrefix prefix{status, 0};
  bytes_.assign(reinterpret_cast<const char*>(&prefix), sizeof prefix);
}

void ResponseHeadEncoder::add(std::string_view name, std::string_view value) { add(name, {value}); }

void ResponseHeadEncoder::add(std::string_view name,
                              std::initializer_list<std::string_view> parts) {
  size_t value_size = 0;
  for (std::string_view part : parts) value_size += part.size();
  HeadPrefix prefix;
  std::memcpy(&prefix, bytes_.data(), sizeof prefix);
  ++prefix.field_count;
  std::memcpy(bytes_.data(), &prefix, sizeof prefix);
  FieldPrefix field{static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value_size)};
  bytes_.append(reinterpret_cast<const char*>(&field), sizeof field);
  bytes_.append(name);
  for (std::string_view part : parts) bytes_.append(part);
}

base::Status ResponseHead::decode(std::string_view payload) {
  fields_.clear();
  if (payload.size() > kMaxResponseHeadBytes) return fail_protocol("response head too large");
  copy_.assign(payload);
  std::string_view rest = copy_;
  HeadPrefix prefix;
  if (rest.size() < sizeof prefix) return fail_protocol("response head too short");
  std::memcpy(&prefix, rest.data(), sizeof prefix);
  rest.remove_prefix(sizeof prefix);
  if (prefix.status < 100 || prefix.status > 999)
    return fail_protocol("response status out of range");
  if (prefix.field_count > kMaxResponseFields) return fail_protocol("too many response fields");
  status_ = prefix.status;
  for (uint16_t i = 0; i < prefix.field_count; ++i) {
    FieldPrefix field;
    if (rest.size() < sizeof field) return fail_protocol("response field cut");
    std::memcpy(&field, rest.data(), sizeof field);
    rest.remove_prefix(sizeof field);
    if (field.name_size > rest.size() || field.value_size > rest.size() - field.name_size) {
      return fail_protocol("response field cut");
    }
    fields_.push_back(
        {rest.substr(0, field.name_size), rest.substr(field.name_size, field.value_size)});
    rest.remove_prefix(size_t{field.name_size} + field.value_size);
  }
  return rest.empty() ? base::Status() : fail_protocol("bytes after the response head");
}

}  // namespace howdah::channel
