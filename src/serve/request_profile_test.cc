#include "serve/request_profile.h"

#include <gmock/gmock.h>

#include <limits>
#include <map>
#include <string>

namespace howdah::serve {
namespace {

using channel::PhaseTimes;

constexpr base::Nanos kUs = base::kMicrosecond;

std::map<std::string, std::string> told(const RequestProfile& profile, base::Nanos now,
                                        const ConnectionAddresses& addresses = {}) {
  AnswerHead head;
  profile.add_to(head, now, http::Version::kHttp11, addresses);
  std::map<std::string, std::string> fields;
  head.for_each([&](std::string_view name, std::string_view value) {
    EXPECT_TRUE(fields.emplace(name.substr(std::string_view("X-Profile-").size()), value).second);
  });
  return fields;
}

TEST(RequestProfile, PhasesAddUpToTheTotal) {
  RequestProfile profile;
  profile.begin(1000 * kUs);
  profile.submit(1010 * kUs);
  // Startup, script, output, shutdown.
  profile.learn(PhaseTimes{1030 * kUs, 1100 * kUs, {10 * kUs, 40 * kUs, 5 * kUs, 15 * kUs}});
  using Fields = std::map<std::string, std::string>;
  EXPECT_EQ(told(profile, 1107 * kUs), (Fields{{"Total-Us", "107"},
                                               {"HTTP-Version", "HTTP/1.1"},
                                               {"Parse-Us", "10"},
                                               {"Queue-Us", "20"},
                                               {"PHP-Startup-Us", "10"},
                                               {"Script-Us", "40"},
                                               {"PHP-Shutdown-Us", "15"},
                                               {"Output-Us", "12"}}));
}

TEST(RequestProfile, WithoutPhpAllIsParse) {
  RequestProfile profile;
  profile.begin(1000 * kUs);
  auto fields = told(profile, 1025 * kUs);
  EXPECT_EQ(fields["Total-Us"], "25");
  EXPECT_EQ(fields["Parse-Us"], "25");
  EXPECT_FALSE(fields.contains("Queue-Us"));
}

TEST(RequestProfile, TellsOfTheConnectionInsideTls) {
  RequestProfile profile;
  profile.begin(1);
  ConnectionAddresses addresses;
  addresses.tls = "TLSv1.3";
  addresses.tls_handshake = 1500 * kUs;
  addresses.alpn = "h2";
  auto fields = told(profile, 2, addresses);
  EXPECT_EQ(fields["TLS-Protocol"], "TLSv1_3");
  EXPECT_EQ(fields["TLS-Handshake-Us"], "1500");
  EXPECT_EQ(fields["TLS-ALPN"], "h2");
}

TEST(RequestProfile, AWorkersLiesStayWithinTheTotal) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  for (int64_t lie : {kMost, kLeast, int64_t{-1}}) {
    RequestProfile profile;
    profile.begin(1000 * kUs);
    profile.submit(1010 * kUs);
    profile.learn(PhaseTimes{lie, lie, {lie, lie, lie, lie}});
    base::Nanos sum = 0;
    for (const auto& [name, value] : told(profile, 1100 * kUs)) {
      if (name != "Total-Us" && name != "HTTP-Version") sum += std::stoll(value);
    }
    EXPECT_EQ(sum, 100);
  }
}

}  // namespace
}  // namespace howdah::serve
