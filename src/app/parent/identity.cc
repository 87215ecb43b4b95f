#include "app/parent/identity.h"

#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace howdah::app {
namespace {

// The kernel's mask has room for so many.
constexpr unsigned long kLastCapability = 63;

// The groups the user database gives `identity`.
std::vector<gid_t> groups_of(const Identity& identity) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  while (::getgrouplist(identity.user.c_str(), identity.gid, groups.data(), &count) < 0) {
    groups.resize(std::max(static_cast<size_t>(count), groups.size() * 2));
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<size_t>(count));
  return groups;
}

}  // namespace

base::Status become(const std::optional<Identity>& identity, std::optional<gid_t> extra_group) {
  // Ambient capabilities of a service unit would reach PHP through exec.
  std::ignore = ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (!identity) return {};
  std::vector<gid_t> groups = groups_of(*identity);
  if (extra_group) groups.push_back(*extra_group);
  if (::setgroups(groups.size(), groups.data()) < 0) return base::fail_errno("setgroups");
  gid_t gid = identity->gid;
  if (::setresgid(gid, gid, gid) < 0) return base::fail_errno("setresgid");
  uid_t uid = identity->uid;
  if (::setresuid(uid, uid, uid) < 0) return base::fail_errno("setresuid");
  return {};
}

void drop_capability_bounds() {
  // Those that this kernel does not know, it refuses.
  for (unsigned long capability = 0; capability <= kLastCapability; ++capability) {
    std::ignore = ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool end_with_parent(pid_t parent_pid, int signal) {
  if (::prctl(PR_SET_PDEATHSIG, signal) < 0) base::die("prctl(PR_SET_PDEATHSIG)");
  return ::getppid() == parent_pid;
}

void hide_memory() {
  // Leak checking needs to look.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  std::ignore = ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

rlimit raise_descriptor_limit() {
  rlimit before{};
  if (::getrlimit(RLIMIT_NOFILE, &before) == 0) {
    rlimit raised = before;
    raised.rlim_cur = raised.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &raised);
  }
  return before;
}

void restore_descriptor_limit(const rlimit& limit) {
  if (limit.rlim_max != 0) ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace howdah::app
