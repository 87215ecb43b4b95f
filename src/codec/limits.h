#pragma once

// What is encoded, and how hard the encoders try.

#include <cstddef>
#include <cstdint>

namespace howdah::codec {

// --- which bodies (CONTRACT section 3)
// Smaller ones gain less than their head grows by.
inline constexpr uint64_t kSmallestBody = 256;
// Larger ones, when that is known before the first byte goes out, are sent as they are.
inline constexpr uint64_t kLargestBody = 3 << 20;

// --- effort
// Measured on 76 KB of HTML (one busy core of a small virtual machine), MB/s and ratio:
//   br    3: 68, 3.62   4: 48, 3.75   5: 30, 4.02   8: 17, 4.05   9: 3, 4.05
//   zstd  1: 182, 3.33  3: 160, 3.57  5: 78, 3.72   9: 30, 3.79  12: 9, 3.81
//   gzip  1: 89, 3.25   4: 57, 3.68   5: 43, 3.77   6: 32, 3.80   9: 24, 3.80
// Answers of PHP are made once and sent once: the next level would send one to seven per cent less
// for a third to twice more of a worker's time. encoder_bench measures again.
inline constexpr int kDynamicBrotliQuality = 4;
inline constexpr int kDynamicZstdLevel = 3;
inline constexpr int kDynamicGzipLevel = 5;
// Files are encoded once and sent many times, but by threads that share the machine with PHP: the
// largest body takes well under a second.
inline constexpr int kStaticBrotliQuality = 8;
inline constexpr int kStaticZstdLevel = 9;
inline constexpr int kStaticGzipLevel = 9;

// --- memory
// For one step's output: a flush that does not fit at all would be begun again and again.
inline constexpr size_t kSmallestRoom = 32;
// What callers give: one piece of output.
inline constexpr size_t kEncodedPieceBytes = 16 << 10;
// How far back a repetition is found (a power of two): a page's own length. Each worker has such a
// window for every coding that it was ever asked for.
inline constexpr int kDynamicWindowBits = 18;
inline constexpr int kStaticWindowBits = 22;
// Of what one brotli encoder has freed, kept for the next body.
inline constexpr size_t kKeptBrotliBytes = 8 << 20;

}  // namespace howdah::codec
