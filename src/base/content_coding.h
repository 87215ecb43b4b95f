#pragma once

// The content codings (RFC 9110 8.4.1) an answer's body can have. Plain words that every layer from
// negotiation to the encoders shares; it says nothing about how one is made.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace howdah::base {

// The values travel in the channel: add at the end.
enum class ContentCoding : uint8_t {
  kIdentity,  // the body as it is
  kBrotli,    // RFC 7932
  kZstd,      // RFC 8878
  kGzip,      // RFC 1952
};

inline constexpr size_t kContentCodings = 4;

// As Content-Encoding says it: "identity", "br", "zstd", "gzip".
constexpr std::string_view name_of(ContentCoding coding) {
  constexpr std::array<std::string_view, kContentCodings> kNames = {"identity", "br", "zstd",
                                                                    "gzip"};
  return kNames[static_cast<size_t>(coding)];
}

// What a server offers beside identity, the most preferred first. Empty: it encodes nothing.
struct CodingList {
  std::array<ContentCoding, kContentCodings - 1> codings{};
  uint8_t count = 0;

  const ContentCoding* begin() const { return codings.data(); }
  const ContentCoding* end() const { return codings.data() + count; }
  bool empty() const { return count == 0; }
  bool operator==(const CodingList&) const = default;
};

}  // namespace howdah::base
