#pragma once

// A request as it lies in a slot: already in CGI form, so that the worker copies it into PHP's
// tables without parsing. Well-known variables are numbers, for which the worker has interned keys.
//
// The front encodes (Encoder); the worker reads in place (RequestView). The front is trusted, so
// the worker checks only sizes.

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/content_coding.h"
#include "channel/limits.h"

namespace howdah::channel {

// Well-known variables. The order is part of the layout; names are in kVarNames.
enum class Var : uint16_t {
  kRequestMethod,
  kRequestUri,
  kQueryString,
  kScriptName,
  kScriptFilename,
  kPathInfo,
  kPathTranslated,
  kDocumentRoot,
  kDocumentUri,
  kPhpSelf,
  kServerProtocol,
  kServerName,
  kServerPort,
  kServerAddr,
  kRemoteAddr,
  kRemotePort,
  kRequestScheme,
  kHttps,
  kSslProtocol,
  kContentType,
  kContentLength,
  kTraceId,
  kSpanId,
  kParentSpanId,
  kTokioRequestId,
  kHttpTraceparent,
  kHttpHost,
  kHttpUserAgent,
  kHttpAccept,
  kHttpAcceptLanguage,
  kHttpAcceptEncoding,
  kHttpConnection,
  kHttpCookie,
  kHttpReferer,
  kHttpAuthorization,
  kHttpCacheControl,
  kHttpPragma,
  kHttpOrigin,
  kHttpXForwardedFor,
  kHttpXForwardedProto,
  kHttpXForwardedHost,
  kHttpXRequestedWith,
  kHttpXRequestId,
  kHttpTracestate,
  kHttpIfNoneMatch,
  kHttpIfModifiedSince,
  kHttpUpgradeInsecureRequests,
  kHttpSecFetchDest,
  kHttpSecFetchMode,
  kHttpSecFetchSite,
  kHttpSecFetchUser,
  kHttpSecChUa,
  kHttpSecChUaMobile,
  kHttpSecChUaPlatform,
  kHttpRange,
  kHttpContentType,
  kHttpContentLength,
  kCount,
  kNamed = 0xFFFF,  // the name stands in the entry
};
inline constexpr size_t kVarCount = static_cast<size_t>(Var::kCount);
extern const std::string_view kVarNames[kVarCount];

// The variable of a request header in lower case or any other case ("accept-language" ->
// kHttpAcceptLanguage), kNamed when it has none.
Var var_of_header(std::string_view name);

// What a request begins with: what the worker is told that PHP is not.
struct RequestPrefix {
  uint8_t compression;  // 1: answers are encoded where the contract says so, else never
  uint8_t coding;       // base::ContentCoding that the client is sent
  uint16_t profiled;    // 1: the answer tells where the time went (phases.h), at its very end
  uint32_t time_limit;  // REQUEST_TIMEOUT in whole seconds; 0: there is none, or it is shorter
};

struct VarEntry {
  Var var;
  uint16_t name_size;  // 0 unless var is kNamed
  uint32_t value_size;
};

// Encodes one request at a time into memory it reuses.
class RequestEncoder {
 public:
  void begin();
  // The coding that was negotiated for the answer's body. Without this call no answer is encoded,
  // nor does it say that it could have been.
  void set_coding(base::ContentCoding coding);
  // How long a script may ask to go on (tokio_request_heartbeat()), in seconds. Without this call
  // it may not ask.
  void set_time_limit(uint32_t seconds);
  void set_profiled();
  void add(Var var, std::string_view value);
  void add(std::string_view name, std::string_view value);
  // A request header, under its CGI name: HTTP_ and upper case with `-` as `_`. The caller has
  // dropped what must not arrive. Headers of one name are joined with ", " (cookies with "; ").
  void add_header(std::string_view name, std::string_view value);
  // The encoded request; valid until begin().
  std::string_view bytes() const { return bytes_; }

 private:
  template <class Change>
  void change_prefix(Change change);
  void append(Var var, std::string_view name, std::string_view value);
  bool join_with_earlier(Var var, std::string_view name, std::string_view value);

  std::string bytes_;
  // What add_header() has seen, so that only a repeated header costs a search.
  std::bitset<kVarCount> seen_;
  uint64_t seen_named_ = 0;  // one bit by a hash of the name
};

// Walks an encoded request. Views are into the slot: valid until WorkerChannel::release(). Values
// are followed by a NUL byte, names too, so that C code can use them in place.
class RequestView {
 public:
  RequestView() = default;
  explicit RequestView(std::string_view bytes);

  struct Item {
    Var var = Var::kNamed;
    std::string_view name;
    std::string_view value;
  };
  // False at the end.
  bool next(Item& item);
  // Nothing: compression is off.
  std::optional<base::ContentCoding> coding() const { return coding_; }
  bool profiled() const { return profiled_; }
  // Seconds; 0: none.
  uint32_t time_limit() const { return time_limit_; }

 private:
  std::optional<base::ContentCoding> coding_;
  uint32_t time_limit_ = 0;
  bool profiled_ = false;
  std::string_view rest_;
};

}  // namespace howdah::channel
