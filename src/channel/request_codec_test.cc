#include "channel/request_codec.h"

#include <gtest/gtest.h>

#include <map>

namespace howdah::channel {
namespace {

std::map<std::string, std::string> decode(std::string_view bytes) {
  std::map<std::string, std::string> vars;
  RequestView view(bytes);
  RequestView::Item item;
  while (view.next(item)) {
    EXPECT_EQ(item.value.data()[item.value.size()], '\0');
    vars[std::string(item.name)] = item.value;
  }
  return vars;
}

TEST(RequestEncoder, GivesHeadersTheirCgiNames) {
  RequestEncoder encoder;
  encoder.begin();
  encoder.add(Var::kRequestMethod, "GET");
  encoder.add("FCGI_ROLE", "");
  encoder.add_header("Accept-Language", "de");
  encoder.add_header("x-odd-one", "1");
  auto vars = decode(encoder.bytes());
  EXPECT_EQ(vars["REQUEST_METHOD"], "GET");
  EXPECT_EQ(vars.count("FCGI_ROLE"), 1u);
  EXPECT_EQ(vars["HTTP_ACCEPT_LANGUAGE"], "de");
  EXPECT_EQ(vars["HTTP_X_ODD_ONE"], "1");
}

TEST(RequestEncoder, JoinsRepeatedHeaders) {
  RequestEncoder encoder;
  encoder.begin();
  encoder.add_header("Cookie", "a=1");
  encoder.add_header("X-A", "1");
  encoder.add_header("Accept", "text/html");
  encoder.add_header("cookie", "b=2");
  encoder.add_header("x-a", "22");
  encoder.add_header("X-A", "333");
  auto vars = decode(encoder.bytes());
  EXPECT_EQ(vars["HTTP_COOKIE"], "a=1; b=2");
  EXPECT_EQ(vars["HTTP_X_A"], "1, 22, 333");
  EXPECT_EQ(vars["HTTP_ACCEPT"], "text/html");
  EXPECT_EQ(vars.size(), 3u);
}

TEST(RequestEncoder, TellsTheWorkerTheTimeLimitBesideTheCoding) {
  RequestEncoder encoder;
  encoder.begin();
  EXPECT_EQ(RequestView(encoder.bytes()).time_limit(), 0u);
  encoder.set_time_limit(86'400);
  encoder.set_coding(base::ContentCoding::kGzip);
  EXPECT_EQ(RequestView(encoder.bytes()).time_limit(), 86'400u);
  EXPECT_EQ(RequestView(encoder.bytes()).coding(), base::ContentCoding::kGzip);
  EXPECT_TRUE(decode(encoder.bytes()).empty());
}

TEST(RequestEncoder, TellsTheWorkerTheCodingAndPhpNothingOfIt) {
  RequestEncoder encoder;
  encoder.begin();
  EXPECT_FALSE(RequestView(encoder.bytes()).coding());
  encoder.set_coding(base::ContentCoding::kZstd);
  encoder.add(Var::kRequestMethod, "GET");
  encoder.add_header("Cookie", "a=1");
  encoder.add_header("Cookie", "b=2");
  EXPECT_EQ(RequestView(encoder.bytes()).coding(), base::ContentCoding::kZstd);
  auto vars = decode(encoder.bytes());
  EXPECT_EQ(vars.size(), 2u);
  EXPECT_EQ(vars["HTTP_COOKIE"], "a=1; b=2");
  encoder.begin();
  EXPECT_FALSE(RequestView(encoder.bytes()).coding());
}

TEST(RequestView, TakesACodingItDoesNotKnowForNone) {
  const char bytes[] = {1, base::kContentCodings, 0, 0};
  EXPECT_FALSE(RequestView({bytes, sizeof bytes}).coding());
  EXPECT_FALSE(RequestView(std::string_view(bytes, 2)).coding());
}

TEST(RequestEncoder, ForgetsThePreviousRequest) {
  RequestEncoder encoder;
  encoder.begin();
  encoder.add_header("X-A", "1");
  encoder.begin();
  encoder.add_header("X-A", "2");
  EXPECT_EQ(decode(encoder.bytes())["HTTP_X_A"], "2");
}

TEST(VarOfHeader, FindsEveryWellKnownHeader) {
  for (size_t i = 0; i < kVarCount; ++i) {
    std::string_view name = kVarNames[i];
    if (!name.starts_with("HTTP_")) continue;
    std::string header(name.substr(5));
    for (char& c : header) c = c == '_' ? '-' : static_cast<char>(std::tolower(c));
    EXPECT_EQ(static_cast<size_t>(var_of_header(header)), i) << header;
  }
  EXPECT_EQ(var_of_header("x-other"), Var::kNamed);
  EXPECT_EQ(var_of_header(std::string(500, 'x')), Var::kNamed);
}

TEST(RequestView, StopsAtACutRequest) {
  RequestEncoder encoder;
  encoder.begin();
  encoder.add(Var::kQueryString, "a=b");
  encoder.add("NAME", "value");
  std::string_view bytes = encoder.bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string cut(
        bytes.substr(0, size));  // its own memory, so that a sanitizer sees a read past it
    RequestView view(cut);
    RequestView::Item item;
    int count = 0;
    while (view.next(item)) ++count;
    EXPECT_LE(count, 1);
  }
}

}  // namespace
}  // namespace howdah::channel
