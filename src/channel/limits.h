#pragma once

// The sizes and limits of the channel in one place. Both programs are compiled with them; a change
// raises kLayoutVersion (layout.h).

#include <cstddef>
#include <cstdint>

namespace howdah::channel {

// Workers one pool can have; also bounds the 12 bits a claim has for the worker's number.
inline constexpr uint32_t kMaxWorkers = 1024;
// Event loops of the front; a worker has one response ring for each.
inline constexpr uint32_t kMaxLoops = 32;
// Slots of a pool: what its workers run plus what lies ready for them. The rest of the queue waits
// in the front's own memory.
inline constexpr uint32_t kMaxSlots = kMaxWorkers + 256;
inline constexpr uint32_t kReadySlots = 128;

// One slot: the encoded request and a small body. Untouched pages cost nothing. Not a power of two:
// the heads of all slots would lie in the same few sets of a cache and drive each other out.
inline constexpr size_t kSlotBytes = (256 << 10) + 33 * 64;
// A request head in CGI form (twice the largest MAX_HEADER_SIZE that app accepts, and our own
// variables) fits beside the largest inline body.
inline constexpr size_t kInlineBodyBytes = 64 << 10;

// One response ring: a page of 100 KB fits without its script being held back.
inline constexpr size_t kRingBytes = 256 << 10;
// A writer that has put this much into its ring without telling tells the front.
inline constexpr size_t kPublishBytes = 64 << 10;

// What one response head may hold; more is a worker gone wrong.
inline constexpr size_t kMaxResponseHeadBytes = 64 << 10;
inline constexpr size_t kMaxResponseFields = 512;
// Longest text in a log frame or control message; longer ones are cut.
inline constexpr size_t kMaxTextBytes = 8 << 10;

}  // namespace howdah::channel
