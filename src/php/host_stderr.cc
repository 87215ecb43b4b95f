#include "php/host_stderr.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace howdah::php {
namespace {

// Room for what PHP says while it starts.
constexpr int kStartupPipeBytes = 1 << 20;

}  // namespace

base::Result<Pipe> make_line_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return base::fail_errno("pipe");
  Pipe pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
  if (auto status = base::set_nonblocking(ends[0]); !status) return base::fail(status.error());
  return pipe;
}

void redirect_stdio(int output) {
  base::UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null) ::dup2(null.get(), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  // Where PHP has no answer to write to, it writes messages there with fwrite().
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
}

base::Status HostStderr::capture() {
  auto pipe = make_line_pipe();
  if (!pipe) return base::fail(pipe.error());
  ::fcntl(pipe->write_end.get(), F_SETPIPE_SZ, kStartupPipeBytes);
  if (auto status = base::set_nonblocking(pipe->write_end.get()); !status) return status;
  redirect_stdio(pipe->write_end.get());
  pipe_ = LinePipe(std::move(pipe->read_end));
  return {};
}

void HostStderr::started() {
  // The flag belongs to the open pipe, which descriptors 1 and 2 share.
  ::fcntl(STDERR_FILENO, F_SETFL, 0);
}

}  // namespace howdah::php
