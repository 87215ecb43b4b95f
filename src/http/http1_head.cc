#include "http/http1_head.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "base/length.h"
#include "http/chars.h"
#include "http/host.h"

namespace howdah::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

bool starts_with_nocase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

// The three parts of a request line; what is missing is empty.
struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

RequestLine split_request_line(std::string_view line) {
  RequestLine parts;
  size_t method_end = line.find(' ');
  parts.method = line.substr(0, method_end);
  if (method_end == std::string_view::npos) return parts;
  line.remove_prefix(method_end + 1);
  size_t target_end = line.find(' ');
  parts.target = line.substr(0, target_end);
  if (target_end != std::string_view::npos) parts.version = line.substr(target_end + 1);
  return parts;
}

// Beast's parser reads the field lines; what it is too kind about (docs: engineering notes 4.4) is
// refused as the fields come by. One per head, on the stack; it allocates nothing.
class HeadReader final : public beast_http::basic_parser<true> {
 public:
  explicit HeadReader(RequestHead& head) : head_(head) {
    // The limits are Http1RequestParser's.
    header_limit(std::numeric_limits<uint32_t>::max());
    body_limit(boost::none);
  }

  // `lines` with the final empty one. RequestHead::version is known by then.
  bool read_fields(std::string_view lines);
  // What goes for the head as a whole, once it was read.
  std::optional<Refusal> finish();
  Refusal refusal() const { return refusal_; }

 private:
  void on_request_impl(beast_http::verb, BeastView, BeastView, int, error_code&) override {}
  void on_field_impl(beast_http::field id, BeastView name, BeastView value,
                     error_code& error) override {
    head_.fields.push_back({view(name), view(value)});
    if (!accept(id, view(value))) error = beast_http::error::bad_value;
  }
  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(BeastView body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(uint64_t, BeastView, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, BeastView body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  bool accept(beast_http::field id, std::string_view value);
  void connection_options(std::string_view list);
  bool refuse(int status, const char* reason) {
    refusal_ = {status, reason};
    return false;
  }

  RequestHead& head_;
  Refusal refusal_{400, "bad header line"};
  bool has_host_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
};

// Beast wants a request line ahead of fields, and of a version only what it knows.
bool HeadReader::read_fields(std::string_view lines) {
  constexpr std::string_view kAnyRequestLine = "GET / HTTP/1.1\r\n";
  error_code error;
  put(boost::asio::const_buffer(kAnyRequestLine.data(), kAnyRequestLine.size()), error);
  put(boost::asio::const_buffer(lines.data(), lines.size()), error);
  return !error && is_header_done();
}

bool HeadReader::accept(beast_http::field id, std::string_view value) {
  switch (id) {
    case beast_http::field::host:
      if (has_host_) return refuse(400, "two Host fields");
      has_host_ = true;
      if (!parse_host(value)) return refuse(400, "bad Host");
      head_.host = value;
      return true;
    case beast_http::field::content_length:
      if (head_.framing != BodyFraming::kNone) return refuse(400, "body length given twice");
      if (!base::parse_length(value, head_.content_length))
        return refuse(400, "bad Content-Length");
      head_.framing = BodyFraming::kLength;
      return true;
    case beast_http::field::transfer_encoding:
      if (head_.framing != BodyFraming::kNone) return refuse(400, "body length given twice");
      if (head_.version != Version::kHttp11) return refuse(400, "Transfer-Encoding in HTTP/1.0");
      if (!iequals(value, "chunked")) return refuse(400, "bad Transfer-Encoding");
      head_.framing = BodyFraming::kChunked;
      return true;
    case beast_http::field::connection:
      connection_options(value);
      return true;
    case beast_http::field::expect:
      if (!iequals(value, "100-continue")) return refuse(417, "unknown expectation");
      expects_continue_ = true;
      return true;
    default:
      return true;
  }
}

void HeadReader::connection_options(std::string_view list) {
  while (!list.empty()) {
    size_t comma = std::min(list.find(','), list.size());
    std::string_view option = trim_ows(list.substr(0, comma));
    if (iequals(option, "close")) close_ = true;
    if (iequals(option, "keep-alive")) keep_alive_ = true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

std::optional<Refusal> HeadReader::finish() {
  bool is_11 = head_.version == Version::kHttp11;
  if (is_11 && !has_host_) return Refusal{400, "no Host"};
  head_.keep_alive = !close_ && (is_11 || keep_alive_);
  // RFC 9110 10.1.1: not for HTTP/1.0, and not when there is nothing to wait for.
  bool has_body = head_.framing == BodyFraming::kChunked || head_.content_length > 0;
  head_.expect_continue = expects_continue_ && is_11 && has_body;
  return std::nullopt;
}

// RFC 9112 3.2: which form the target may have, and what it says about the host.
std::optional<Refusal> resolve_target(RequestHead& head, std::string& target_memory) {
  std::string_view target = head.target;
  // CONNECT to a path means nothing, but is well formed: refused for its method, like any CONNECT.
  if (target.starts_with('/')) return std::nullopt;
  if (head.method == "CONNECT") {
    auto authority = parse_host(target);
    if (!authority || !authority->port) return Refusal{400, "bad CONNECT target"};
    head.host = target;
    return std::nullopt;
  }
  if (target == "*" && head.method == "OPTIONS") return std::nullopt;

  std::string_view rest;
  if (starts_with_nocase(target, "http://")) {
    rest = target.substr(7);
  } else if (starts_with_nocase(target, "https://")) {
    rest = target.substr(8);
  } else {
    return Refusal{400, "bad request target"};
  }
  size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  if (!parse_host(authority)) return Refusal{400, "bad authority in the request target"};
  head.host = authority;
  head.target = rest.substr(end);
  if (head.target.empty()) {
    // RFC 9112 3.2.4: without a path, OPTIONS is about the server.
    head.target = head.method == "OPTIONS" ? "*" : "/";
  } else if (head.target.starts_with('?')) {
    target_memory.assign("/").append(head.target);
    head.target = target_memory;
  }
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Refusal> check_request_line(std::string_view line) {
  auto [method, target, version] = split_request_line(line);
  if (!is_token(method)) return Refusal{400, "bad method"};
  if (version.empty()) return Refusal{400, "request line without a version"};
  if (!is_visible_ascii(target) || target.find('#') != std::string_view::npos) {
    return Refusal{400, "bad byte in the request target"};
  }
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return Refusal{400, "bad HTTP version"};
  }
  // RFC 9110 2.5: a higher minor version is read as the highest that is known.
  if (version[5] != '1') return Refusal{505, "unsupported HTTP version"};
  return std::nullopt;
}

std::optional<Refusal> check_field_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) return Refusal{400, "folded header line"};
  if (has_control(line)) return Refusal{400, "control byte in a header line"};
  return std::nullopt;
}

std::optional<Refusal> parse_head(std::string_view bytes, RequestHead& head,
                                  std::string& target_memory) {
  head.clear();
  size_t line_end = bytes.find("\r\n");
  auto [method, target, version] = split_request_line(bytes.substr(0, line_end));
  head.method = method;
  head.target = target;
  head.version = version.ends_with(".0") ? Version::kHttp10 : Version::kHttp11;
  HeadReader reader(head);
  if (!reader.read_fields(bytes.substr(line_end + 2))) return reader.refusal();
  if (auto refusal = reader.finish()) return refusal;
  return resolve_target(head, target_memory);
}

}  // namespace howdah::http
