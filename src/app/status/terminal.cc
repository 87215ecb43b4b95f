#include "app/status/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <tuple>

namespace howdah::app {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // the other screen, no cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

base::Status put(std::string_view text) {
  return base::write_all(STDOUT_FILENO, text.data(), text.size());
}

base::UniqueFd catch_signals() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) ::sigaddset(&wanted, signal);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  // The terminal may go away in the middle of a drawing.
  ::signal(SIGPIPE, SIG_IGN);
  return base::UniqueFd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

bool Terminal::is_there() {
  const char* kind = std::getenv("TERM");
  std::string_view name = kind == nullptr ? "" : kind;
  return ::isatty(STDOUT_FILENO) == 1 && !name.empty() && name != "dumb";
}

Terminal::Terminal() : signals_(catch_signals()) {
  has_keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
  if (has_keys_) {
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    quiet.c_cc[VSUSP] = _POSIX_VDISABLE;  // a stopped program would leave the screen as it is
    quiet.c_cc[VMIN] = 0;
    quiet.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  }
  std::ignore = put(kEnter);
}

Terminal::~Terminal() {
  std::ignore = put(kLeave);
  if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

ScreenSize Terminal::size() const {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

base::Status Terminal::draw(const std::vector<std::string>& lines) {
  std::string text(kHome);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";
    text.append(lines[i]).append(kClearLine);
  }
  return put(text.append(kClearBelow));
}

bool Terminal::read_keys() {
  char keys[64];
  ssize_t got = ::read(STDIN_FILENO, keys, sizeof keys);
  if (got <= 0) has_keys_ = false;
  std::string_view pressed(keys, got > 0 ? static_cast<size_t>(got) : 0);
  return pressed.find_first_of("qQ") != pressed.npos;
}

Terminal::Event Terminal::wait(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Event::kTime;
    pollfd waiting[] = {{signals_.get(), POLLIN, 0}, {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0}};
    if (::poll(waiting, 2, static_cast<int>(left.count())) <= 0) continue;
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
      return signal.ssi_signo == SIGWINCH ? Event::kResize : Event::kEnd;
    }
    if (waiting[1].revents != 0 && read_keys()) return Event::kEnd;
  }
}

}  // namespace howdah::app
