#include "channel/request_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

namespace howdah::channel {

const std::string_view kVarNames[kVarCount] = {
    "REQUEST_METHOD",
    "REQUEST_URI",
    "QUERY_STRING",
    "SCRIPT_NAME",
    "SCRIPT_FILENAME",
    "PATH_INFO",
    "PATH_TRANSLATED",
    "DOCUMENT_ROOT",
    "DOCUMENT_URI",
    "PHP_SELF",
    "SERVER_PROTOCOL",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_ADDR",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "REQUEST_SCHEME",
    "HTTPS",
    "SSL_PROTOCOL",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "TRACE_ID",
    "SPAN_ID",
    "PARENT_SPAN_ID",
    "TOKIO_REQUEST_ID",
    "HTTP_TRACEPARENT",
    "HTTP_HOST",
    "HTTP_USER_AGENT",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_CONNECTION",
    "HTTP_COOKIE",
    "HTTP_REFERER",
    "HTTP_AUTHORIZATION",
    "HTTP_CACHE_CONTROL",
    "HTTP_PRAGMA",
    "HTTP_ORIGIN",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REQUESTED_WITH",
    "HTTP_X_REQUEST_ID",
    "HTTP_TRACESTATE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_UPGRADE_INSECURE_REQUESTS",
    "HTTP_SEC_FETCH_DEST",
    "HTTP_SEC_FETCH_MODE",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_SEC_FETCH_USER",
    "HTTP_SEC_CH_UA",
    "HTTP_SEC_CH_UA_MOBILE",
    "HTTP_SEC_CH_UA_PLATFORM",
    "HTTP_RANGE",
    "HTTP_CONTENT_TYPE",
    "HTTP_CONTENT_LENGTH",
};

namespace {

constexpr std::string_view kHttpPrefix = "HTTP_";

char cgi_char(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 'A');
  return c == '-' ? '_' : c;
}

bool matches_header(std::string_view cgi_name, std::string_view header) {
  cgi_name.remove_prefix(kHttpPrefix.size());
  return std::ranges::equal(header, cgi_name, {}, cgi_char);
}

// Well-known header variables by the length of the header's name: few share one.
constexpr size_t kLongestHeader = 32;
using VarsByLength = std::array<std::array<Var, 8>, kLongestHeader>;

VarsByLength make_vars_by_length() {
  VarsByLength table;
  for (auto& row : table) row.fill(Var::kNamed);
  for (size_t i = 0; i < kVarCount; ++i) {
    if (!kVarNames[i].starts_with(kHttpPrefix)) continue;
    auto& row = table[kVarNames[i].size() - kHttpPrefix.size()];
    *std::ranges::find(row, Var::kNamed) = static_cast<Var>(i);
  }
  return table;
}

const VarsByLength kVarsByLength = make_vars_by_length();

char* put_nul_terminated(char* at, std::string_view text) {
  at = std::ranges::copy(text, at).out;
  *at++ = '\0';
  return at;
}

}  // namespace

Var var_of_header(std::string_view name) {
  if (name.size() >= kLongestHeader) return Var::kNamed;
  for (Var var : kVarsByLength[name.size()]) {
    if (var == Var::kNamed) break;
    if (matches_header(kVarNames[static_cast<size_t>(var)], name)) return var;
  }
  return Var::kNamed;
}

void RequestEncoder::begin() {
  bytes_.assign(sizeof(RequestPrefix), '\0');
  seen_.reset();
  seen_named_ = 0;
}

template <class Change>
void RequestEncoder::change_prefix(Change change) {
  RequestPrefix prefix;
  std::memcpy(&prefix, bytes_.data(), sizeof prefix);
  change(prefix);
  std::memcpy(bytes_.data(), &prefix, sizeof prefix);
}

void RequestEncoder::set_coding(base::ContentCoding coding) {
  change_prefix([coding](RequestPrefix& prefix) {
    prefix.compression = 1;
    prefix.coding = static_cast<uint8_t>(coding);
  });
}

void RequestEncoder::set_profiled() {
  change_prefix([](RequestPrefix& prefix) { prefix.profiled = 1; });
}

void RequestEncoder::set_time_limit(uint32_t seconds) {
  change_prefix([seconds](RequestPrefix& prefix) { prefix.time_limit = seconds; });
}

void RequestEncoder::append(Var var, std::string_view name, std::string_view value) {
  VarEntry entry{var, static_cast<uint16_t>(name.size()), static_cast<uint32_t>(value.size())};
  const size_t begin = bytes_.size();
  const size_t name_bytes = var == Var::kNamed ? name.size() + 1 : 0;
  const size_t size = begin + sizeof entry + name_bytes + value.size() + 1;
  // At once: some thirty of these are made for each request.
  bytes_.resize_and_overwrite(size, [&](char* bytes, size_t) {
    std::memcpy(bytes + begin, &entry, sizeof entry);
    char* at = bytes + begin + sizeof entry;
    if (name_bytes > 0) at = put_nul_terminated(at, name);
    put_nul_terminated(at, value);
    return size;
  });
}

void RequestEncoder::add(Var var, std::string_view value) { append(var, {}, value); }

void RequestEncoder::add(std::string_view name, std::string_view value) {
  append(Var::kNamed, name, value);
}

void RequestEncoder::add_header(std::string_view name, std::string_view value) {
  Var var = var_of_header(name);
  char cgi_name[256];
  std::string_view named;
  if (var == Var::kNamed) {
    size_t size = std::min(name.size(), sizeof cgi_name - kHttpPrefix.size());
    char* end = std::ranges::copy(kHttpPrefix, cgi_name).out;
    end = std::transform(name.begin(), name.begin() + static_cast<ptrdiff_t>(size), end, cgi_char);
    named = {cgi_name, static_cast<size_t>(end - cgi_name)};
  }
  bool seen;
  if (var == Var::kNamed) {
    uint64_t bit = uint64_t{1} << (std::hash<std::string_view>{}(named) & 63);
    seen = (seen_named_ & bit) != 0;
    seen_named_ |= bit;
  } else {
    seen = seen_.test(static_cast<size_t>(var));
    seen_.set(static_cast<size_t>(var));
  }
  if (!seen || !join_with_earlier(var, named, value)) append(var, named, value);
}

bool RequestEncoder::join_with_earlier(Var var, std::string_view name, std::string_view value) {
  RequestView earlier(bytes_);
  RequestView::Item item;
  while (earlier.next(item)) {
    if (item.var != var || (var == Var::kNamed && item.name != name)) continue;
    // Both the entry's value_size and the bytes change: value starts value_offset into bytes_.
    size_t value_offset = static_cast<size_t>(item.value.data() - bytes_.data());
    size_t entry_offset =
        value_offset - sizeof(VarEntry) - (var == Var::kNamed ? name.size() + 1 : 0);
    std::string joined(var == Var::kHttpCookie ? "; " : ", ");
    joined += value;
    size_t value_end = value_offset + item.value.size();
    VarEntry entry;
    std::memcpy(&entry, bytes_.data() + entry_offset, sizeof entry);
    entry.value_size += static_cast<uint32_t>(joined.size());
    std::memcpy(bytes_.data() + entry_offset, &entry, sizeof entry);
    bytes_.insert(value_end, joined);
    return true;
  }
  return false;
}

RequestView::RequestView(std::string_view bytes) {
  RequestPrefix prefix;
  if (bytes.size() < sizeof prefix) return;
  std::memcpy(&prefix, bytes.data(), sizeof prefix);
  rest_ = bytes.substr(sizeof prefix);
  time_limit_ = prefix.time_limit;
  profiled_ = prefix.profiled != 0;
  if (prefix.compression == 1 && prefix.coding < base::kContentCodings) {
    coding_ = static_cast<base::ContentCoding>(prefix.coding);
  }
}

bool RequestView::next(Item& item) {
  VarEntry entry;
  if (rest_.size() < sizeof entry) return false;
  std::memcpy(&entry, rest_.data(), sizeof entry);
  std::string_view after = rest_.substr(sizeof entry);
  if (entry.var == Var::kNamed) {
    if (after.size() <= entry.name_size) return false;
    item.name = after.substr(0, entry.name_size);
    after.remove_prefix(size_t{entry.name_size} + 1);
  } else {
    if (static_cast<size_t>(entry.var) >= kVarCount) return false;
    item.name = kVarNames[static_cast<size_t>(entry.var)];
  }
  if (after.size() <= entry.value_size) return false;
  item.var = entry.var;
  item.value = after.substr(0, entry.value_size);
  rest_ = after.substr(size_t{entry.value_size} + 1);
  return true;
}

}  // namespace howdah::channel
