#include "base/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace howdah::base {
namespace {

// The lines that fit into `most`, or the first one alone.
size_t whole_lines(std::string_view lines, size_t most) {
  size_t last = lines.substr(0, most).rfind('\n');
  if (last == std::string_view::npos) last = lines.find('\n');
  return std::min(last, lines.size() - 1) + 1;
}

// Of a line that is longer than a pipe takes in any case: all of it when the pipe is empty and can
// hold it, so that no line of another process comes into its middle. 0 = not yet.
size_t piece_for_pipe(int fd, size_t line) {
  int capacity = ::fcntl(fd, F_GETPIPE_SZ);
  int waiting = 0;
  if (capacity < 0 || line > static_cast<size_t>(capacity) || ::ioctl(fd, FIONREAD, &waiting) < 0) {
    return LogOutput::kPipeBytes;
  }
  return waiting == 0 ? line : 0;
}

size_t piece_of(int fd, mode_t mode, std::string_view lines) {
  if (S_ISREG(mode)) return whole_lines(lines, LogOutput::kFileBytes);
  size_t piece = whole_lines(lines, LogOutput::kPipeBytes);
  if (piece <= LogOutput::kPipeBytes) return piece;
  return S_ISFIFO(mode) ? piece_for_pipe(fd, piece) : LogOutput::kPipeBytes;
}

// A disk became full in the middle of a line: takes back its first `half` bytes, if they are still
// the last of the file. (Nobody else can have written meanwhile unless the disk got room in these
// microseconds.)
bool take_back(int fd, size_t half) {
  struct stat file;
  off_t end = ::lseek(fd, 0, SEEK_CUR);
  if (end < 0 || ::fstat(fd, &file) < 0 || file.st_size != end) return false;
  end -= static_cast<off_t>(half);
  if (::ftruncate(fd, end) < 0) return false;
  // For one that was not opened to append.
  return ::lseek(fd, end, SEEK_SET) == end;
}

}  // namespace

bool LogOutput::wait_for_room(int timeout_ms) const {
  pollfd waiting{fd_, POLLOUT, 0};
  return ::poll(&waiting, 1, timeout_ms) > 0;
}

Result<size_t> LogOutput::write_some(std::string_view lines) const {
  struct stat status;
  if (::fstat(fd_, &status) < 0) return fail_errno("fstat");
  size_t piece = piece_of(fd_, status.st_mode, lines);
  if (piece == 0) return 0;
  ssize_t result = retry_eintr([&] { return ::write(fd_, lines.data(), piece); });
  if (result < 0 && errno == EAGAIN) return 0;
  if (result < 0) return fail_errno("write");
  auto written = static_cast<size_t>(result);
  if (written == piece || !S_ISREG(status.st_mode)) return written;
  size_t last = lines.substr(0, written).rfind('\n');
  size_t whole = last == std::string_view::npos ? 0 : last + 1;
  return take_back(fd_, written - whole) ? whole : written;
}

}  // namespace howdah::base
