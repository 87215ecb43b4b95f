#include "base/unix_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace howdah::base {
namespace {

TEST(UnixSocket, CarriesDescriptorsWithAMessage) {
  auto pair = make_seqpacket_pair();
  ASSERT_TRUE(pair);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  int fds[] = {write_end.get()};
  ASSERT_TRUE(send_message(pair->first.get(), std::string_view("take it"), fds));

  char bytes[64];
  auto received = receive_message(pair->second.get(), bytes);
  ASSERT_TRUE(received);
  EXPECT_EQ(std::string_view(bytes, received->size), "take it");
  ASSERT_EQ(received->fds.size(), 1u);
  ASSERT_EQ(::write(received->fds[0].get(), "x", 1), 1);
  char byte;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);
  EXPECT_NE(::fcntl(received->fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(UnixSocket, SaysThatTheOtherEndIsGone) {
  auto pair = make_seqpacket_pair();
  ASSERT_TRUE(pair);
  pair->first.reset();
  char bytes[64];
  auto received = receive_message(pair->second.get(), bytes);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->size, 0u);
}

TEST(UnixSocket, RefusesAMessageThatDoesNotFit) {
  auto pair = make_seqpacket_pair();
  ASSERT_TRUE(pair);
  ASSERT_TRUE(send_message(pair->first.get(), std::string_view("far too long")));
  char bytes[4];
  auto received = receive_message(pair->second.get(), bytes);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().kind, ErrorKind::kProtocol);
}

}  // namespace
}  // namespace howdah::base
