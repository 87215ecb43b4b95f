#include "http/http2_head.h"

#include "base/length.h"
#include "http/chars.h"
#include "http/host.h"

namespace howdah::http {
namespace {

// RFC 9113 6.5.2: what a field counts for beside its bytes.
constexpr size_t kFieldOverhead = 32;

}  // namespace

void Http2HeadReader::begin() {
  bytes_.clear();
  places_.clear();
  cookie_.clear();
  method_ = scheme_ = authority_ = path_ = host_ = {};
  list_size_ = fields_ = 0;
  malformed_ = false;
  expects_continue_ = false;
  content_length_.reset();
  refusal_.reset();
  head_.clear();
}

void Http2HeadReader::release() {
  if (bytes_.capacity() > kUsualBytes) bytes_ = {};
  if (cookie_.capacity() > kUsualBytes) cookie_ = {};
}

Http2HeadReader::Place Http2HeadReader::keep(std::string_view text) {
  bytes_ += text;
  return {bytes_.size() - text.size(), text.size()};
}

void Http2HeadReader::refuse(int status, const char* reason) {
  if (!refusal_) refusal_ = Refusal{status, reason};
}

// A head that is too large is decoded to its end, because the fields behind it refer to the same
// table, but nothing more of it is kept.
void Http2HeadReader::add(std::string_view name, std::string_view value) {
  size_t size = name.size() + value.size() + kFieldOverhead;
  list_size_ += size;
  ++fields_;
  if (size > limits_.max_head && name == ":path") return refuse(414, "request target too long");
  if (list_size_ > limits_.max_head) return refuse(431, "request head too large");
  if (fields_ > limits_.max_fields) return refuse(431, "too many header fields");
  bool taken = name.starts_with(':') ? add_pseudo(name, value) : add_regular(name, value);
  if (!taken) malformed_ = true;
}

bool Http2HeadReader::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    method_ = keep(value);
    return is_token(value);
  }
  if (name == ":scheme") {
    scheme_ = keep(value);
  } else if (name == ":authority") {
    authority_ = keep(value);
  } else if (name == ":path") {
    path_ = keep(value);
  } else {
    return false;
  }
  return true;
}

bool Http2HeadReader::add_regular(std::string_view name, std::string_view value) {
  if (!is_token(name) || !valid_field_value(value)) return false;
  if (name == "cookie") {
    // RFC 9113 8.2.3: crumbs are one field for everyone else.
    if (!cookie_.empty()) cookie_ += "; ";
    cookie_ += value;
    return true;
  }
  if (name == "content-length") {
    uint64_t length = 0;
    if (content_length_ || !base::parse_length(value, length)) return false;
    content_length_ = length;
  }
  if (name == "expect") {
    if (!iequals(value, "100-continue")) refuse(417, "unknown expectation");
    expects_continue_ = true;
  }
  Place kept_name = keep(name);
  Place kept_value = keep(value);
  if (name == "host") host_ = kept_value;
  places_.push_back({kept_name, kept_value});
  return true;
}

Http2HeadReader::Verdict Http2HeadReader::finish(bool ends_stream) {
  if (!cookie_.empty()) {
    Place name = keep("cookie");
    places_.push_back({name, keep(cookie_)});
  }
  head_.version = Version::kHttp2;
  head_.method = at(method_);
  if (malformed_) return Verdict::kMalformed;
  if (refusal_) return Verdict::kRefused;
  for (const FieldPlace& place : places_) {
    head_.fields.push_back({at(place.name), at(place.value)});
  }
  if (!resolve_host() || !resolve_target()) return Verdict::kMalformed;
  resolve_framing(ends_stream);
  return refusal_ ? Verdict::kRefused : Verdict::kRequest;
}

// RFC 9113 8.3.1: `:authority` is the Host, and a Host beside it says the same.
bool Http2HeadReader::resolve_host() {
  std::string_view authority = at(authority_);
  std::string_view host = at(host_);
  if (authority_.size > 0 && host_.size > 0 && !iequals(authority, host)) return false;
  head_.host = authority_.size > 0 ? authority : host;
  return parse_host(head_.host).has_value();
}

// RFC 9113 8.3.1 and 8.5: the origin form, "*" for OPTIONS, the authority for CONNECT.
bool Http2HeadReader::resolve_target() {
  if (head_.method == "CONNECT") {
    head_.target = at(authority_);
    auto authority = parse_host(head_.target);
    return authority && authority->port;
  }
  head_.target = at(path_);
  if (!iequals(at(scheme_), "http") && !iequals(at(scheme_), "https")) {
    refuse(400, "scheme is neither http nor https");
  }
  if (head_.target == "*") return head_.method == "OPTIONS";
  return head_.target.starts_with('/') && is_visible_ascii(head_.target) &&
         head_.target.find('#') == std::string_view::npos;
}

void Http2HeadReader::resolve_framing(bool ends_stream) {
  head_.keep_alive = true;
  if (content_length_) {
    head_.framing = BodyFraming::kLength;
    head_.content_length = *content_length_;
  } else if (!ends_stream) {
    head_.framing = BodyFraming::kChunked;
  }
  head_.expect_continue = expects_continue_ && !ends_stream;
}

}  // namespace howdah::http
