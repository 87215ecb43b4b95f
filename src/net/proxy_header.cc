#include "net/proxy_header.h"

#include <algorithm>
#include <array>

namespace howdah::net {
namespace {

using State = ProxyHeaderState;

constexpr std::string_view kLineSignature = "PROXY ";
constexpr std::string_view kBlockSignature("\r\n\r\n\0\r\nQUIT\n", 12);

// Version 2, behind the signature: version and command, family, length of the rest.
constexpr size_t kBlockHead = 16;
constexpr uint8_t kLocal = 0x20;
constexpr uint8_t kProxied = 0x21;
constexpr uint8_t kUnspecified = 0x00;
constexpr uint8_t kTcp4 = 0x11;
constexpr uint8_t kTcp6 = 0x21;
constexpr uint8_t kUnixStream = 0x31;
constexpr size_t kTcp4Bytes = 12;
constexpr size_t kTcp6Bytes = 36;
constexpr size_t kUnixBytes = 216;
constexpr size_t kTlvHead = 3;

uint8_t byte_at(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

// Is what there is of `input` the beginning of `signature`, or longer?
bool agrees(std::string_view input, std::string_view signature) {
  size_t size = std::min(input.size(), signature.size());
  return input.substr(0, size) == signature.substr(0, size);
}

// --- version 1

// "TCP4", then two addresses and two ports, each behind one space.
bool parse_line(std::string_view line, ProxyHeader& header) {
  std::array<std::string_view, 5> words;
  for (size_t i = 0; i < words.size(); ++i) {
    bool last = i + 1 == words.size();
    size_t end = last ? line.size() : line.find(' ');
    if (end == std::string_view::npos) return false;
    words[i] = line.substr(0, end);
    if (!last) line.remove_prefix(end + 1);
  }
  bool six = words[0] == "TCP6";
  if (!six && words[0] != "TCP4") return false;
  for (std::string_view text : {words[1], words[2]}) {
    if ((text.find(':') != std::string_view::npos) != six) return false;
  }
  auto client_ip = parse_ip(words[1]), server_ip = parse_ip(words[2]);
  auto client_port = parse_port(words[3]), server_port = parse_port(words[4]);
  if (!client_ip || !server_ip || !client_port || !server_port) return false;
  header.source = ProxyHeader::Source::kIp;
  header.client = {*client_ip, *client_port};
  header.server = {*server_ip, *server_port};
  return true;
}

State parse_version_1(std::string_view input, ProxyHeader& header) {
  std::string_view searched = input.substr(0, kMaxProxyLine);
  size_t lf = searched.find('\n');
  if (lf == std::string_view::npos) {
    return searched.size() == kMaxProxyLine ? State::kMalformed : State::kNeedMore;
  }
  if (input[lf - 1] != '\r') return State::kMalformed;
  std::string_view line = input.substr(kLineSignature.size(), lf - 1 - kLineSignature.size());
  header.size = lf + 1;
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return State::kComplete;
  return parse_line(line, header) ? State::kComplete : State::kMalformed;
}

// --- version 2

bool valid_extensions(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() < kTlvHead) return false;
    size_t size = kTlvHead + number_at(bytes, 1);
    if (bytes.size() < size) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

// `bytes` is everything behind the head.
bool parse_addresses(uint8_t family, std::string_view bytes, ProxyHeader& header) {
  size_t size = 0;
  if (family == kTcp4) size = kTcp4Bytes;
  if (family == kTcp6) size = kTcp6Bytes;
  if (family == kUnixStream) size = kUnixBytes;
  // A connection of another family is not what a stream listener can be given.
  if (size == 0 && family != kUnspecified) return false;
  if (bytes.size() < size) return false;
  const char* data = bytes.data();
  if (family == kTcp4) {
    header.client = {ipv4_address(data), number_at(bytes, 8)};
    header.server = {ipv4_address(data + 4), number_at(bytes, 10)};
  } else if (family == kTcp6) {
    header.client = {ipv6_address(data), number_at(bytes, 32)};
    header.server = {ipv6_address(data + 16), number_at(bytes, 34)};
  }
  if (size != 0) {
    header.source = family == kUnixStream ? ProxyHeader::Source::kUnix : ProxyHeader::Source::kIp;
  }
  return family == kUnspecified || valid_extensions(bytes.substr(size));
}

State parse_version_2(std::string_view input, ProxyHeader& header) {
  if (input.size() < kBlockHead) return State::kNeedMore;
  uint8_t command = byte_at(input, 12);
  if (command != kLocal && command != kProxied) return State::kMalformed;
  header.size = kBlockHead + number_at(input, 14);
  if (header.size > kMaxProxyBlock) return State::kMalformed;
  if (input.size() < header.size) return State::kNeedMore;
  // LOCAL is the proxy itself, whatever else is said.
  if (command == kLocal) return State::kComplete;
  std::string_view rest = input.substr(kBlockHead, header.size - kBlockHead);
  return parse_addresses(byte_at(input, 13), rest, header) ? State::kComplete : State::kMalformed;
}

}  // namespace

ProxyHeaderState parse_proxy_header(std::string_view input, ProxyHeader& header) {
  header = {};
  bool line = agrees(input, kLineSignature);
  bool block = agrees(input, kBlockSignature);
  if (line && input.size() >= kLineSignature.size()) return parse_version_1(input, header);
  if (block && input.size() >= kBlockSignature.size()) return parse_version_2(input, header);
  return line || block ? State::kNeedMore : State::kAbsent;
}

}  // namespace howdah::net
