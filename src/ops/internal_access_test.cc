#include "ops/internal_access.h"

#include <gtest/gtest.h>

namespace howdah::ops {
namespace {

int status_of(const PostOrigin& post, const InternalAccess& access) {
  auto refused = refuse_post(post, access);
  return refused ? refused->status : 200;
}

TEST(InternalAccess, WithoutATokenOnlyThisMachineMayPost) {
  InternalAccess access{.token = "", .address = "0.0.0.0:9000"};
  EXPECT_EQ(status_of({.loopback = true, .host = "127.0.0.1:9000"}, access), 200);
  EXPECT_EQ(status_of({.loopback = true, .host = "localhost"}, access), 200);
  EXPECT_EQ(status_of({.loopback = true, .host = "[::1]:9000"}, access), 200);
  EXPECT_EQ(status_of({.loopback = false, .host = "127.0.0.1:9000"}, access), 403);
}

TEST(InternalAccess, ATokenIsNeededWhereThereIsOne) {
  InternalAccess access{.token = "secret", .address = ":9000"};
  auto with = [&](std::string_view text) {
    return status_of({.loopback = true, .host = "10.0.0.1:9000", .authorization = text}, access);
  };
  EXPECT_EQ(with("Bearer secret"), 200);
  for (std::string_view wrong :
       {"", "secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secret1", "Basic secret"}) {
    EXPECT_EQ(with(wrong), 401) << wrong;
  }
}

TEST(InternalAccess, AWebPageMayNotPostWhateverItKnows) {
  InternalAccess access{.token = "secret", .address = "metrics.internal:9000"};
  PostOrigin post{
      .loopback = true, .host = "metrics.internal:9000", .authorization = "Bearer secret"};
  EXPECT_EQ(status_of(post, access), 200);
  post.from_web_page = true;
  EXPECT_EQ(status_of(post, access), 403);
  post.from_web_page = false;
  for (std::string_view foreign :
       {"", "evil.example", "evil.example:9000", "127.0.0.1.evil.example"}) {
    post.host = foreign;
    EXPECT_EQ(status_of(post, access), 403) << foreign;
  }
}

}  // namespace
}  // namespace howdah::ops
