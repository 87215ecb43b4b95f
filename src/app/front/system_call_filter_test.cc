#include "app/front/system_call_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

namespace howdah::app {
namespace {

constexpr int kNotInstalled = 100;
constexpr int kAnotherReason = 101;

// Runs `act` in a child under the filter. What it returns (0 to 99) is the child's status.
int run_filtered(const std::function<int()>& act, Outbound outbound = Outbound::kNone) {
  pid_t child = ::fork();
  if (child == 0) {
    bool ready = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    ::_exit(ready && install_system_call_filter(outbound) ? act() : kNotInstalled);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// 0: it was possible. EPERM: it was not allowed.
int outcome(bool done) {
  if (done) return 0;
  return errno == EPERM ? EPERM : kAnotherReason;
}

class SystemCallFilterTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizers make calls of their own";
#endif
    char name[] = "/tmp/howdah-filter-XXXXXX";
    file_ = ::mkdtemp(name);
    folder_ = file_;
    file_ += "/file";
    ::close(::open(file_.c_str(), O_CREAT | O_WRONLY, 0600));
  }
  void TearDown() override {
    ::unlink(file_.c_str());
    ::rmdir(folder_.c_str());
  }

  void expect_allowed(const char* what, const std::function<bool()>& act) {
    int status = run_filtered([&] { return outcome(act()); });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << what << ": " << status;
  }
  void expect_refused(const char* what, const std::function<bool()>& act) {
    int status = run_filtered([&] { return outcome(act()); });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EPERM) << what << ": " << status;
  }
  void expect_deadly(const char* what, const std::function<bool()>& act) {
    int status = run_filtered([&] { return outcome(act()); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << what << ": " << status;
  }

  std::string folder_, file_;
};

TEST_F(SystemCallFilterTest, LetsTheFrontWork) {
  expect_allowed("reading a file", [&] { return ::open(file_.c_str(), O_RDONLY) >= 0; });
  expect_allowed("a file without a name",
                 [&] { return ::open(folder_.c_str(), O_TMPFILE | O_RDWR, 0600) >= 0; });
  expect_allowed("a new file, and its end", [&] {
    std::string name = folder_ + "/new-XXXXXX";
    return ::mkostemp(name.data(), O_CLOEXEC) >= 0 && ::unlink(name.c_str()) == 0;
  });
  expect_allowed("a thread", [] {
    bool ran = false;
    std::thread([&] { ran = true; }).join();
    return ran;
  });
  expect_allowed("memory to share", [] {
    int fd = ::memfd_create("test", MFD_CLOEXEC);
    return fd >= 0 && ::ftruncate(fd, 4096) == 0 &&
           ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
  });
}

TEST_F(SystemCallFilterTest, KillsWhoStartsAProgramOrLooksIntoAnother) {
  expect_deadly("execve", [] { return ::execl("/bin/true", "true", nullptr) == 0; });
  expect_deadly("execveat", [] {
    char* none[] = {nullptr};
    return ::syscall(SYS_execveat, AT_FDCWD, "/bin/true", none, none, 0) == 0;
  });
  expect_deadly("ptrace", [] { return ::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0) == 0; });
  expect_deadly("process_vm_readv", [] {
    char byte;
    iovec piece{&byte, 1};
    return ::process_vm_readv(::getppid(), &piece, 1, &piece, 1, 0) == 1;
  });
}

TEST_F(SystemCallFilterTest, RefusesWhatElseTheFrontHasNoUseFor) {
  expect_refused("writing to a file", [&] { return ::open(file_.c_str(), O_WRONLY) >= 0; });
  expect_refused("emptying a file", [&] { return ::open(file_.c_str(), O_RDONLY | O_TRUNC) >= 0; });
  expect_refused("a named file", [&] { return ::open(file_.c_str(), O_CREAT | O_RDWR, 0) >= 0; });
  expect_refused("a file's name", [&] { return ::rename(file_.c_str(), folder_.c_str()) == 0; });
  expect_refused("a folder", [&] { return ::mkdir((folder_ + "/x").c_str(), 0700) == 0; });
  expect_refused("a process", [] { return ::fork() >= 0; });
  expect_refused("a signal", [] { return ::kill(::getppid(), 0) == 0; });
  expect_refused("a connection", [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; });
  expect_refused("another listener", [] { return ::bind(0, nullptr, 0) == 0; });
  expect_refused("new code", [] {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
  });
  expect_refused("memory turned into code", [] {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
  });
  expect_refused("a way around the filter",
                 [] { return ::syscall(SYS_io_uring_setup, 1, nullptr) >= 0; });
  expect_refused("another user", [] { return ::setuid(65534) == 0; });
}

TEST_F(SystemCallFilterTest, LetsConnectionsOutByIpWhenAskedTo) {
  auto allows = [](const std::function<bool()>& act) {
    int status = run_filtered([&] { return outcome(act()); }, Outbound::kByIp);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  EXPECT_TRUE(allows([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }));
  EXPECT_TRUE(allows([] { return ::socket(AF_INET6, SOCK_DGRAM, 0) >= 0; }));
  EXPECT_TRUE(allows([] {
    // UDP: nobody has to be there.
    sockaddr_in nobody{};
    nobody.sin_family = AF_INET;
    nobody.sin_port = 9;
    int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    return ::connect(fd, reinterpret_cast<sockaddr*>(&nobody), sizeof nobody) == 0;
  }));
  EXPECT_FALSE(allows([] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }));
  EXPECT_FALSE(allows([] { return ::socket(AF_NETLINK, SOCK_RAW, 0) >= 0; }));
  EXPECT_FALSE(allows([] { return ::listen(::socket(AF_INET, SOCK_STREAM, 0), 1) == 0; }));
}

TEST_F(SystemCallFilterTest, IsForThreadsThatRunAlready) {
  int status = run_filtered([] { return 0; });
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    int ready[2], answer[2];
    bool piped = ::pipe(ready) == 0 && ::pipe(answer) == 0;
    std::thread early([&] {
      char byte = 0;
      bool told = ::read(ready[0], &byte, 1) == 1;
      byte = told && ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 'r' : 'x';
      if (::write(answer[1], &byte, 1) != 1) ::_exit(kAnotherReason);
    });
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    bool installed = bool(install_system_call_filter(Outbound::kNone));
    char byte = 'g';
    bool heard = piped && ::write(ready[1], &byte, 1) == 1 && ::read(answer[0], &byte, 1) == 1;
    ::_exit(installed && heard && byte == 'r' ? 0 : 1);
  }
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace howdah::app
