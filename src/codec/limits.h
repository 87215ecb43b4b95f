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
// Measured by encoder_bench on the HTML of a blog's front page (one core of a small virtual
// machine): see the table in README.md. Answers of PHP are made once and sent once: beyond these
// levels a few per cent less to send cost more than PHP itself takes.
inline constexpr int kDynamicBrotliQuality = 4;
inline constexpr int kDynamicZstdLevel = 3;
inline constexpr int kDynamicGzipLevel = 5;
// Files are encoded once and sent many times, but by threads that share the machine with PHP: the
// largest body takes well under a second.
inline constexpr int kStaticBrotliQuality = 9;
inline constexpr int kStaticZstdLevel = 12;
inline constexpr int kStaticGzipLevel = 9;

// --- memory
// For one step's output: a flush that does not fit at all would be begun again and again.
inline constexpr size_t kSmallestRoom = 32;
// How far back a repetition is found (a power of two): a page's own length. Each worker has such a
// window for every coding that it was ever asked for.
inline constexpr int kDynamicWindowBits = 18;
inline constexpr int kStaticWindowBits = 22;
// Of what one brotli encoder has freed, kept for the next body.
inline constexpr size_t kKeptBrotliBytes = 8 << 20;

}  // namespace howdah::codec
