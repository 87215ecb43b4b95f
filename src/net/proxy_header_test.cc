#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace howdah::net {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string printed(const Endpoint& endpoint) {
  return std::string(IpText(endpoint.ip).view()) + " " + std::to_string(endpoint.port);
}

// "need more", "absent", "malformed", or what the header says.
std::string said(std::string_view input) {
  ProxyHeader header;
  switch (parse_proxy_header(input, header)) {
    case ProxyHeaderState::kNeedMore:
      return "need more";
    case ProxyHeaderState::kAbsent:
      return "absent";
    case ProxyHeaderState::kMalformed:
      return "malformed";
    case ProxyHeaderState::kComplete:
      break;
  }
  std::string rest(input.substr(header.size));
  switch (header.source) {
    case ProxyHeader::Source::kUnsaid:
      return "unsaid [" + rest + "]";
    case ProxyHeader::Source::kUnix:
      return "unix [" + rest + "]";
    case ProxyHeader::Source::kIp:
      break;
  }
  return printed(header.client) + " to " + printed(header.server) + " [" + rest + "]";
}

std::string block(int command, int family, const std::string& rest) {
  std::string bytes = kSignature;
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size() & 0xff);
  return bytes + rest;
}

const std::string kFour = "\xcb\x00\x71\x09\x0a\x00\x00\x01\x1f\x90\x01\xbb"s;

TEST(ProxyHeader, ReadsVersion1) {
  EXPECT_EQ(said("PROXY TCP4 203.0.113.9 10.0.0.1 8080 443\r\nGET"),
            "203.0.113.9 8080 to 10.0.0.1 443 [GET]");
  EXPECT_EQ(said("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n"), "2001:db8::1 65535 to ::1 0 []");
  EXPECT_EQ(said("PROXY UNKNOWN\r\nGET"), "unsaid [GET]");
  EXPECT_EQ(said("PROXY UNKNOWN ffff::1 anything at all\r\n"), "unsaid []");
}

TEST(ProxyHeader, RefusesMalformedLines) {
  for (const std::string& rest :
       {"TCP4 203.0.113.9 10.0.0.1 8080 443\n"s, "TCP4 203.0.113.9 10.0.0.1 8080\r\n"s,
        "TCP4 203.0.113.9 10.0.0.1 8080 443 1\r\n"s, "TCP4  203.0.113.9 10.0.0.1 8080 443\r\n"s,
        "TCP4 203.0.113.9 10.0.0.1 8080 443 \r\n"s, "TCP4 203.0.113.9 10.0.0.1 8080 65536\r\n"s,
        "TCP4 203.0.113.9 10.0.0.1 -1 443\r\n"s, "TCP4 2001:db8::1 ::1 8080 443\r\n"s,
        "TCP6 203.0.113.9 10.0.0.1 8080 443\r\n"s, "TCP4 203.0.113 10.0.0.1 8080 443\r\n"s,
        "TCP5 203.0.113.9 10.0.0.1 8080 443\r\n"s, "tcp4 203.0.113.9 10.0.0.1 8080 443\r\n"s,
        "UDP4 203.0.113.9 10.0.0.1 8080 443\r\n"s, "UNKNOWNS\r\n"s, "/ HTTP/1.1\r\n"s, "\r\n"s,
        std::string(kMaxProxyLine, 'x'), "UNKNOWN " + std::string(kMaxProxyLine, 'x') + "\r\n"}) {
    EXPECT_EQ(said("PROXY " + rest), "malformed") << rest;
  }
}

TEST(ProxyHeader, ReadsVersion2) {
  EXPECT_EQ(said(block(0x21, 0x11, kFour) + "GET"), "203.0.113.9 8080 to 10.0.0.1 443 [GET]");
  std::string six = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s + std::string(15, '\0') +
                    "\x01\x1f\x90\x01\xbb"s;
  EXPECT_EQ(said(block(0x21, 0x21, six)), "2001:db8::1 8080 to ::1 443 []");
  EXPECT_EQ(said(block(0x21, 0x31, std::string(216, 'x'))), "unix []");
  EXPECT_EQ(said(block(0x21, 0x00, "anything")), "unsaid []");
  EXPECT_EQ(said(block(0x20, 0x11, "")), "unsaid []");
  EXPECT_EQ(said(block(0x20, 0x00, "") + "GET"), "unsaid [GET]");
}

TEST(ProxyHeader, SkipsExtensions) {
  std::string more = "\x01\x00\x02h2\x04\x00\x00"s;
  EXPECT_EQ(said(block(0x21, 0x11, kFour + more) + "GET"),
            "203.0.113.9 8080 to 10.0.0.1 443 [GET]");
}

TEST(ProxyHeader, RefusesMalformedBlocks) {
  EXPECT_EQ(said(block(0x21, 0x11, kFour.substr(1))), "malformed");
  EXPECT_EQ(said(block(0x21, 0x21, kFour)), "malformed");
  EXPECT_EQ(said(block(0x21, 0x12, kFour)), "malformed") << "datagrams";
  EXPECT_EQ(said(block(0x21, 0x41, kFour)), "malformed");
  EXPECT_EQ(said(block(0x11, 0x11, kFour)), "malformed") << "version 1 of the block";
  EXPECT_EQ(said(block(0x22, 0x11, kFour)), "malformed") << "unknown command";
  EXPECT_EQ(said(block(0x21, 0x11, kFour + "\x01"s)), "malformed");
  EXPECT_EQ(said(block(0x21, 0x11, kFour + "\x01\x00\x02h"s)), "malformed");
  EXPECT_EQ(said(block(0x21, 0x11, kFour + "\x01\xff\xff"s)), "malformed");
  EXPECT_EQ(said(block(0x21, 0x11, kFour + std::string(kMaxProxyBlock, '\0'))), "malformed");
}

TEST(ProxyHeader, WaitsForTheRestOfWhatMayBeOne) {
  std::string line = "PROXY TCP4 203.0.113.9 10.0.0.1 8080 443\r\n";
  for (size_t i = 0; i < line.size(); ++i) EXPECT_EQ(said(line.substr(0, i)), "need more") << i;
  std::string two = block(0x21, 0x11, kFour + "\x01\x00\x02h2"s);
  for (size_t i = 0; i < two.size(); ++i) EXPECT_EQ(said(two.substr(0, i)), "need more") << i;
}

TEST(ProxyHeader, KnowsOtherBeginningsAtTheFirstByteThatDiffers) {
  for (std::string_view text : {"G", "PO", "PRI", "PROXY\t", "\r\nG", "\r\n\r\n\r", "\x16", "\n"}) {
    EXPECT_EQ(said(text), "absent") << text;
  }
}

}  // namespace
}  // namespace howdah::net
