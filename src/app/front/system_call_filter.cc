#include "app/front/system_call_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <span>

namespace howdah::app {
namespace {

constexpr int kAllowed[] = {
    // Memory. (mmap and mprotect are below.)
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(memfd_create),  // the memory that a generation of workers shares with the front
    SCMP_SYS(ftruncate),
    // Files. (openat is below.)
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(fcntl),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(fadvise64),
    SCMP_SYS(sendfile),
    // FOLLOW_SYMLINKS=0. How it opens lies in memory that a filter cannot see.
    SCMP_SYS(openat2),
    // A spool file where O_TMPFILE is unknown.
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    // Sockets that there are. No new ones but those that are accepted.
    SCMP_SYS(accept4),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(socketpair),
    // Waiting, and time.
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(pipe2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    // Threads. (clone is below.)
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    // Signals to itself. (tgkill is below.)
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    // What it is and runs on.
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
};

// Nothing in the front ever does these.
constexpr int kDeadly[] = {
    SCMP_SYS(execve),           SCMP_SYS(execveat),          SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
};

// Connections to elsewhere, and what looking up a name takes. No unix sockets: behind those are
// programs of this machine, with rights of their own.
constexpr int kOutbound[] = {SCMP_SYS(connect), SCMP_SYS(sendmmsg)};
constexpr uint64_t kOutboundFamilies[] = {AF_INET, AF_INET6};

// The bits of argument `index` under `mask` are `bits`.
scmp_arg_cmp argument(unsigned index, uint64_t mask, uint64_t bits) {
  return {index, SCMP_CMP_MASKED_EQ, mask, bits};
}

// Collects rules; the first failure stays.
class Rules {
 public:
  Rules() {
    if (context_ == nullptr) failure_ = -ENOMEM;
  }
  ~Rules() { ::seccomp_release(context_); }
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  void add(uint32_t action, int call, std::initializer_list<scmp_arg_cmp> arguments = {}) {
    // Negative: this architecture does without it.
    if (failure_ < 0 || call < 0) return;
    failure_ = ::seccomp_rule_add_array(context_, action, call,
                                        static_cast<unsigned>(arguments.size()), arguments.begin());
  }
  void add(uint32_t action, std::span<const int> calls) {
    for (int call : calls) add(action, call);
  }
  base::Status load() {
    set(SCMP_FLTATR_CTL_TSYNC, 1);     // threads that run already, too
    set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a search tree, for kernels that remember no verdicts
    if (failure_ == 0) failure_ = ::seccomp_load(context_);
    if (failure_ == 0) return {};
    return base::fail({base::ErrorKind::kSystem, -failure_, "seccomp"});
  }

 private:
  void set(scmp_filter_attr attribute, uint32_t value) {
    if (failure_ == 0) failure_ = ::seccomp_attr_set(context_, attribute, value);
  }

  const scmp_filter_ctx context_ = ::seccomp_init(SCMP_ACT_ERRNO(EPERM));
  int failure_ = 0;
};

}  // namespace

base::Status install_system_call_filter(Outbound outbound) {
  Rules rules;
  rules.add(SCMP_ACT_ALLOW, kAllowed);
  rules.add(SCMP_ACT_KILL_PROCESS, kDeadly);
  // No code that was not there at the start.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), {argument(2, PROT_EXEC, 0)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), {argument(2, PROT_EXEC, 0)});
  // For reading; a file without a name; one that was not there. (The last two are the spool's.)
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(openat), {argument(2, O_ACCMODE | O_CREAT | O_TRUNC, 0)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(openat), {argument(2, O_TMPFILE, O_TMPFILE)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(openat), {argument(2, O_CREAT | O_EXCL, O_CREAT | O_EXCL)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {argument(1, UINT32_MAX, FIONBIO)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {argument(1, UINT32_MAX, FIONREAD)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {argument(1, UINT32_MAX, TCGETS)});
  // Threads and no processes. The flags of clone3 lie in memory: libc falls back to clone.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(clone), {argument(0, CLONE_THREAD, CLONE_THREAD)});
  rules.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  auto self = static_cast<uint64_t>(::getpid());
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), {argument(0, UINT32_MAX, self)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), {argument(0, UINT32_MAX, PR_SET_NAME)});
  if (outbound == Outbound::kByIp) {
    rules.add(SCMP_ACT_ALLOW, kOutbound);
    for (uint64_t family : kOutboundFamilies) {
      rules.add(SCMP_ACT_ALLOW, SCMP_SYS(socket), {argument(0, UINT32_MAX, family)});
    }
  }
  // To ask, not to set.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), {argument(2, UINT64_MAX, 0)});
  return rules.load();
}

}  // namespace howdah::app
