#include "app/advice/ask_php.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "app/parent/host_process.h"
#include "app/parent/identity.h"
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/fd.h"

namespace howdah::app {
namespace {

constexpr base::Nanos kAnswerLimit = 60 * base::kSecond;  // preloading compiles a framework
constexpr size_t kMostBytes = 4 << 20;
constexpr size_t kMostLines = 20;
constexpr int kCannotExecute = 127;

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

bool open_pipe(Pipe& pipe) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return false;
  pipe = {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
  return true;
}

[[noreturn]] void become_php(const Config& config, pid_t parent_pid, int output, int errors) {
  ::setsid();
  reset_signals();
  int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  if (auto status = become(config.run_as, std::nullopt); !status) {
    std::fprintf(stderr, "RUN_AS: %s\n", status.error().message().c_str());
    ::_exit(kCannotExecute);
  }
  if (!end_with_parent(parent_pid, SIGKILL)) ::_exit(0);
  std::vector<std::string> arguments = php_arguments(config);
  arguments.emplace_back("--settings");
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execute_php(config, std::move(arguments));
}

// Both pipes to their ends. False when that takes too long, or too much comes.
bool read_all(std::array<base::UniqueFd, 2>& pipes, std::array<std::string, 2>& texts) {
  base::Nanos end = base::monotonic_now() + kAnswerLimit;
  char bytes[16 << 10];
  while (pipes[0] || pipes[1]) {
    pollfd polled[2] = {{pipes[0].get(), POLLIN, 0}, {pipes[1].get(), POLLIN, 0}};
    base::Nanos left = end - base::monotonic_now();
    if (left <= 0) return false;
    if (::poll(polled, 2, static_cast<int>(left / base::kMillisecond) + 1) < 0 && errno != EINTR) {
      return false;
    }
    for (size_t i = 0; i < 2; ++i) {
      if (polled[i].revents == 0) continue;
      ssize_t count = ::read(pipes[i].get(), bytes, sizeof bytes);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        pipes[i].reset();
      } else if (texts[i].size() + static_cast<size_t>(count) > kMostBytes) {
        return false;
      } else {
        texts[i].append(bytes, static_cast<size_t>(count));
      }
    }
  }
  return true;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size() && lines.size() < kMostLines;) {
    size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

PhpReport ask_php(const Config& config) {
  Pipe output;
  Pipe errors;
  if (!open_pipe(output) || !open_pipe(errors)) return {.failure = std::strerror(errno)};
  pid_t parent_pid = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return {.failure = std::strerror(errno)};
  if (pid == 0) become_php(config, parent_pid, output.write.get(), errors.write.get());
  output.write.reset();
  errors.write.reset();

  std::array<base::UniqueFd, 2> pipes = {std::move(output.read), std::move(errors.read)};
  std::array<std::string, 2> texts;
  bool ended = read_all(pipes, texts);
  // What preloading has started may live on; it is in the session of the program.
  ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  PhpReport report{.said = lines_of(texts[1])};
  if (!ended) {
    report.failure = fmt::format("no answer within {} s", kAnswerLimit / base::kSecond);
  } else if (report.facts = parse_php_facts(texts[0]); !report.facts) {
    report.failure = base::describe_exit(status);
  }
  return report;
}

}  // namespace howdah::app
