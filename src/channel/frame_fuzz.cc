// What a worker can put where the front reads: frames in a response ring, and the heads in them.
// The input is how much the worker says that it has written (four bytes), then the ring's bytes.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "channel/front_channel.h"
#include "channel/request_codec.h"

namespace howdah::channel {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool lies_in(std::string_view part, const char* begin, size_t size) {
  return part.empty() || (part.data() >= begin && part.data() + part.size() <= begin + size);
}

RingMapping map_ring() {
  static const auto region = make_region("fuzz", kRingBytes);
  require(region.has_value());
  auto ring = RingMapping::map(region->get(), 0, kRingBytes);
  require(ring.has_value());
  return std::move(*ring);
}

void check_head(std::string_view payload) {
  static ResponseHead head;
  if (!head.decode(payload)) return;
  size_t size = 0;
  for (const ResponseField& field : head.fields()) size += field.name.size() + field.value.size();
  require(size <= payload.size());
}

// Brings the reader to `begin`, past a frame of that size.
void skip_to(uint64_t begin, char* memory, RingControl& control, RingReader& reader) {
  FrameHeader header{.type = static_cast<uint16_t>(FrameType::kBody),
                     .length = static_cast<uint32_t>(begin - sizeof(FrameHeader))};
  std::memcpy(memory, &header, sizeof header);
  control.written.store(begin);
  auto frame = reader.peek();
  require(frame && *frame && reader.peeked() == begin);
  reader.take_to(begin);
  std::memset(memory, 0, sizeof header);
}

void check_ring(uint64_t begin, uint64_t written, std::string_view bytes) {
  RingControl control{};
  RingMapping ring = map_ring();
  char* memory = ring.data();
  RingReader reader(control, std::move(ring));
  if (begin != 0) skip_to(begin, memory, control, reader);
  size_t size = std::min(bytes.size(), kRingBytes);
  std::memcpy(memory + begin, bytes.data(), size);
  control.written.store(begin + written);
  for (;;) {
    auto frame = reader.peek();
    if (!frame || !*frame) break;
    require(lies_in((*frame)->payload, memory, 2 * kRingBytes));
    check_head((*frame)->payload);
    reader.take_to(reader.peeked());
  }
  // The next input finds the ring empty.
  std::memset(memory + begin, 0, size);
}

// The front is trusted; what it writes passes here all the same.
void check_request(std::string_view bytes) {
  RequestView view(bytes);
  RequestView::Item item;
  while (view.next(item)) {
    if (item.var == Var::kNamed) require(lies_in(item.name, bytes.data(), bytes.size()));
    require(lies_in(item.value, bytes.data(), bytes.size()));
  }
}

}  // namespace
}  // namespace howdah::channel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint32_t written;
  if (size < sizeof written) return 0;
  std::memcpy(&written, data, sizeof written);
  std::string_view bytes(reinterpret_cast<const char*>(data) + sizeof written,
                         size - sizeof written);
  howdah::channel::check_ring(0, written, bytes);
  // The same across the ring's end.
  howdah::channel::check_ring(howdah::channel::kRingBytes - 64, written, bytes);
  howdah::channel::check_head(bytes);
  howdah::channel::check_request(bytes);
  return 0;
}
