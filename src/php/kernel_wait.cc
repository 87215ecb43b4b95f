#include "php/kernel_wait.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "base/fd.h"

namespace howdah::php {
namespace {

// Calls that wait; others are told by their number.
struct Call {
  long number;
  const char* name;
  bool has_descriptor;  // as its first argument
};
constexpr Call kCalls[] = {
    {SYS_read, "read", true},
    {SYS_readv, "readv", true},
    {SYS_pread64, "pread64", true},
    {SYS_write, "write", true},
    {SYS_writev, "writev", true},
    {SYS_pwrite64, "pwrite64", true},
    {SYS_recvfrom, "recvfrom", true},
    {SYS_recvmsg, "recvmsg", true},
    {SYS_sendto, "sendto", true},
    {SYS_sendmsg, "sendmsg", true},
    {SYS_connect, "connect", true},
    {SYS_accept, "accept", true},
    {SYS_accept4, "accept4", true},
    {SYS_fsync, "fsync", true},
    {SYS_fdatasync, "fdatasync", true},
    {SYS_flock, "flock", true},
    {SYS_fcntl, "fcntl", true},
    {SYS_epoll_pwait, "epoll_pwait", true},
    {SYS_openat, "openat", false},
    {SYS_ppoll, "ppoll", false},
    {SYS_pselect6, "pselect6", false},
    {SYS_nanosleep, "nanosleep", false},
    {SYS_clock_nanosleep, "clock_nanosleep", false},
    {SYS_futex, "futex", false},
    {SYS_wait4, "wait4", false},
    {SYS_waitid, "waitid", false},
    {SYS_msgrcv, "msgrcv", false},
    {SYS_semtimedop, "semtimedop", false},
#ifdef SYS_poll  // and the other calls that newer architectures do not have
    {SYS_poll, "poll", false},
    {SYS_select, "select", false},
    {SYS_epoll_wait, "epoll_wait", true},
    {SYS_open, "open", false},
#endif
};

std::string read_proc(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  char bytes[256];
  ssize_t size = ::read(fd.get(), bytes, sizeof bytes);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

// Such as "socket:[4711]" or a file's name.
std::string target_of(const std::string& process, long fd) {
  char target[200];
  std::string link = process + "/fd/" + std::to_string(fd);
  ssize_t size = ::readlink(link.c_str(), target, sizeof target);
  return size > 0 ? " " + std::string(target, static_cast<size_t>(size)) : std::string();
}

std::string name_of(const std::string& process, long number, unsigned long argument) {
  for (const Call& call : kCalls) {
    if (call.number != number) continue;
    if (!call.has_descriptor) return call.name;
    const auto fd = static_cast<int>(argument);
    return std::string(call.name) + "(fd " + std::to_string(fd) + target_of(process, fd) + ")";
  }
  return "system call " + std::to_string(number);
}

}  // namespace

std::string kernel_wait(pid_t pid, pid_t tid) {
  const std::string process = "/proc/" + std::to_string(pid);
  const std::string thread = process + "/task/" + std::to_string(tid);
  // "running", or the number of the call, its arguments, two registers; -1: no system call.
  const std::string call = read_proc(thread + "/syscall");
  char* end = nullptr;
  const long number = std::strtol(call.c_str(), &end, 10);
  if (end == call.c_str() || number < 0) return {};
  std::string text = name_of(process, number, std::strtoul(end, nullptr, 16));
  const std::string place = read_proc(thread + "/wchan");
  if (!place.empty() && place != "0") text += " in " + place;
  return text;
}

}  // namespace howdah::php
