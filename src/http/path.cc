#include "http/path.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/chars.h"

namespace howdah::http {
namespace {

// pchar of RFC 3986 and the slash, without the escapes.
constexpr std::array<bool, 256> kPathChars = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned char c : std::string_view("-._~!$&'()*+,;=:@/")) table[c] = true;
  return table;
}();

}  // namespace

// In place: what is written is never ahead of what is read.
void normalise_path(std::string& path) {
  if (path.find("//") == std::string::npos && path.find("/.") == std::string::npos) return;
  size_t read = 0;
  size_t write = 0;
  // At the top of the loop the written part has no slash at its end, and read is at a slash.
  while (read < path.size()) {
    size_t begin = read + 1;
    size_t end = std::min(path.find('/', begin), path.size());
    std::string_view segment(path.data() + begin, end - begin);
    bool last = end == path.size();
    if (segment == "..") {
      size_t parent = std::string_view(path.data(), write).rfind('/');
      write = parent == std::string_view::npos ? 0 : parent;
    } else if (!segment.empty() && segment != ".") {
      path[write] = '/';
      std::memmove(path.data() + write + 1, segment.data(), segment.size());
      write += 1 + segment.size();
      read = end;
      continue;
    }
    // An empty segment, "." and ".." name a directory when they come last.
    if (last) path[write++] = '/';
    read = end;
  }
  path.resize(write);
}

TargetParts split_target(std::string_view target) {
  TargetParts parts;
  size_t question = target.find('?');
  parts.raw_path = target.substr(0, question);
  if (question != std::string_view::npos) {
    parts.has_query = true;
    parts.query = target.substr(question + 1);
  }
  return parts;
}

std::expected<TargetParts, Refusal> decode_target(std::string_view target, std::string& path) {
  TargetParts parts = split_target(target);
  if (!parts.raw_path.starts_with('/')) {
    return std::unexpected(Refusal{400, "request target without a path"});
  }
  if (!decode_percent(parts.raw_path, path)) {
    return std::unexpected(Refusal{400, "bad escape in the path"});
  }
  if (path.find('\0') != std::string::npos) return std::unexpected(Refusal{400, "NUL in the path"});
  normalise_path(path);
  return parts;
}

bool has_hidden_segment(std::string_view path) {
  constexpr std::string_view kExcepted = "/.well-known";
  if (path.starts_with(kExcepted) &&
      (path.size() == kExcepted.size() || path[kExcepted.size()] == '/')) {
    path.remove_prefix(kExcepted.size());
  }
  return path.find("/.") != std::string_view::npos;
}

void append_encoded_path(std::string& out, std::string_view path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  out.push_back('/');
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    if (kPathChars[byte]) {
      out.push_back(c);
    } else {
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

}  // namespace howdah::http
