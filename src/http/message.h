#pragma once

// A request as every part of the server sees it, whichever version of HTTP it came by. Nothing in
// it owns bytes: a codec fills it with views into memory that its user keeps.

#include <cstdint>
#include <string_view>
#include <vector>

namespace howdah::http {

enum class Version : uint8_t {
  kHttp10,  // one request a connection unless both sides say otherwise
  kHttp11,  // connections persist, bodies may be chunked
  kHttp2,   // streams
};

// As $_SERVER['SERVER_PROTOCOL'] says it: "HTTP/1.0", "HTTP/1.1", "HTTP/2.0".
std::string_view name_of(Version version);

// One field line. A codec hands on only a token as name and, as value, what valid_field_value()
// accepts.
struct Field {
  std::string_view name;
  std::string_view value;
};

enum class BodyFraming : uint8_t {
  kNone,     // there is no body
  kLength,   // content_length bytes, which may be 0
  kChunked,  // the length is known at the end
};

// Why a message is not served: the answer's status, and a literal for the log.
struct Refusal {
  int status = 0;
  const char* reason = "";
};

// Plain data, reused from request to request so that `fields` keeps its memory.
struct RequestHead {
  std::string_view method;
  // Origin form ("/path?query"); "*" for OPTIONS only; "host:port" for CONNECT only, which may have
  // the origin form too.
  std::string_view target;
  Version version = Version::kHttp11;
  std::vector<Field> fields;  // as received, in order
  // "name" or "name:port", valid by parse_host(): the authority of an absolute target, else the
  // Host field (RFC 9112 3.2.2). Empty for an HTTP/1.0 request without either.
  std::string_view host;
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;  // for kLength
  // What the client wants; the server may close all the same.
  bool keep_alive = false;
  // The client holds the body back until it is sent a 100 (or the final answer).
  bool expect_continue = false;

  // The first field of that name, in any letter case, or null.
  const Field* find(std::string_view name) const;
  // The same for a field that may come only once: null when there are several.
  const Field* find_only(std::string_view name) const;
  void clear();
  // Moves the views that point into [from, from + size) to the same offsets of `to`: for a user who
  // copied the bytes elsewhere. The old memory must still exist.
  void rebase(const char* from, size_t size, const char* to);
};

}  // namespace howdah::http
