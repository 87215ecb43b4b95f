#pragma once

// The rules for the head of one HTTP/2 request: decoded fields in, a RequestHead out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http2_limits.h"
#include "http/message.h"

namespace howdah::http {

// Gathers one head after another for its session. Trusts that nghttp2 has looked at each field:
// names are lower-case tokens, values hold no control bytes, pseudo-header fields are known, come
// once and first, `te` is "trailers", nothing that belongs to an HTTP/1 connection is there, and
// what a request must have is. What HTTP/1 is checked for beyond that is checked here in the same
// way.
class Http2HeadReader {
 public:
  explicit Http2HeadReader(const Http2Limits& limits) : limits_(limits) {}

  void begin();
  void add(std::string_view name, std::string_view value);

  enum class Verdict : uint8_t {
    kRequest,    // head() is complete
    kRefused,    // well formed, and answered with refusal(); of head() only the method is of use
    kMalformed,  // RFC 9113 8.1.1: a stream error
  };
  // After the last field. `ends_stream`: there is no body.
  Verdict finish(bool ends_stream);
  // Gives back memory beyond what a usual head needs.
  void release();

  // After finish(), until begin() or release(). May be swapped away; its views point into bytes().
  RequestHead& head() { return head_; }
  std::string_view bytes() const { return bytes_; }
  Refusal refusal() const { return *refusal_; }

 private:
  // Where a part lies in bytes_, which moves while it grows.
  struct Place {
    size_t begin = 0, size = 0;
  };
  struct FieldPlace {
    Place name, value;
  };
  static constexpr size_t kUsualBytes = 4 << 10;

  Place keep(std::string_view text);
  std::string_view at(Place place) const {
    return std::string_view(bytes_).substr(place.begin, place.size);
  }
  bool add_pseudo(std::string_view name, std::string_view value);
  bool add_regular(std::string_view name, std::string_view value);
  void refuse(int status, const char* reason);
  bool resolve_target();
  bool resolve_host();
  void resolve_framing(bool ends_stream);

  const Http2Limits limits_;
  std::string bytes_;
  std::vector<FieldPlace> places_;
  std::string cookie_;
  Place method_, scheme_, authority_, path_, host_;
  size_t list_size_ = 0;
  size_t fields_ = 0;
  bool malformed_ = false;
  bool expects_continue_ = false;
  std::optional<uint64_t> content_length_;
  std::optional<Refusal> refusal_;
  RequestHead head_;
};

}  // namespace howdah::http
