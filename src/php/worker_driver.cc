#include "php/worker_driver.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/unix_socket.h"

namespace howdah::php {

using channel::ControlType;
using channel::Var;

std::string TestAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (strcasecmp(key.c_str(), std::string(name).c_str()) == 0) return value;
  }
  return "";
}

// A script's segfault is to look like one in sanitizer builds, too.
static void leave_crashes_alone() {
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS"}) {
    const char* given = ::getenv(name);
    std::string options = given == nullptr ? "" : given;
    ::setenv(name, (options + ":handle_segv=0").c_str(), 1);
  }
}

WorkerDriver::WorkerDriver(std::vector<std::string> arguments, uint32_t workers, bool spawn_all) {
  // So that orphans can be reaped here, and their groups seen to be gone.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  char directory[] = "/tmp/howdah-php-test-XXXXXX";
  root_ = ::mkdtemp(directory);
  std::filesystem::permissions(root_, std::filesystem::perms(0755));
  channel_ = std::move(
      channel::FrontChannel::create({.workers = workers, .loops = 1, .slots = 4}).value());
  seats_.resize(workers);
  auto pair = base::make_seqpacket_pair().value();
  control_ = std::move(pair.first);
  std::string control_fd = std::to_string(pair.second.get());
  std::string parent = std::to_string(::getpid());
  host_ = ::fork();
  if (host_ == 0) {
    (void)base::set_cloexec(pair.second.get(), false);
    leave_crashes_alone();
    std::vector<std::string> all = {HOWDAH_PHP_PROGRAM, "--control-fd", control_fd, "--parent-pid",
                                    parent};
    for (std::string& each : arguments) {
      if (size_t at = each.find("{root}"); at != each.npos) each.replace(at, 6, root_);
      all.push_back(each);
    }
    std::vector<char*> argv;
    for (auto& each : all) argv.push_back(each.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  pair.second.reset();
  int fds[] = {channel_->requests_fd(), channel_->claims_fd(), channel_->loop_event(0)};
  (void)channel::send_control(control_.get(), {.type = ControlType::kHello}, channel::build_id(),
                              fds);
  if (!wait_for(ControlType::kReady, 20'000)) {
    failure_ = seen.contains(ControlType::kFailed) ? seen[ControlType::kFailed].text : "no answer";
    return;
  }
  for (uint32_t i = 0; spawn_all && i < workers; ++i) spawn(i);
}

WorkerDriver::~WorkerDriver() {
  if (host_ > 0) hang_up();
  std::filesystem::remove_all(root_);
}

void WorkerDriver::write_script(const std::string& name, std::string_view text) {
  std::ofstream(root_ + "/" + name) << text;
}

void WorkerDriver::spawn(uint32_t worker) {
  seats_[worker] = channel::Seat::create(worker, ++incarnation_, 1).value();
  channel::Seat& seat = *seats_[worker];
  int fds[] = {seat.region_fd().get(), seat.worker_body_socket().get()};
  seen.erase(ControlType::kSpawned);
  seen.erase(ControlType::kExited);
  (void)channel::send_control(
      control_.get(), {.type = ControlType::kSpawn, .worker = worker, .incarnation = incarnation_},
      {}, fds);
  seat.region_fd().reset();
  seat.worker_body_socket().reset();
  if (wait_for(ControlType::kSpawned)) worker_pid_ = seen[ControlType::kSpawned].header.pid;
}

void WorkerDriver::send(ControlType type) {
  (void)channel::send_control(control_.get(),
                              {.type = type, .worker = 0, .incarnation = incarnation_});
}

void WorkerDriver::send(channel::ControlType type, uint32_t worker, int32_t status) {
  (void)channel::send_control(control_.get(), {.type = type,
                                               .worker = worker,
                                               .incarnation = seats_[worker]->incarnation(),
                                               .status = status});
}

bool WorkerDriver::wait_for_exits(size_t count) {
  base::Nanos until = base::monotonic_now() + 5 * base::kSecond;
  while (exits.size() < count && base::monotonic_now() < until) take_control(10);
  return exits.size() >= count;
}

bool WorkerDriver::wait_for_line(const std::string& line) {
  base::Nanos until = base::monotonic_now() + 5 * base::kSecond;
  while (!line_workers.contains(line) && base::monotonic_now() < until) take_control(10);
  return line_workers.contains(line);
}

bool WorkerDriver::take_control(int limit_ms) {
  pollfd polled{control_.get(), POLLIN, 0};
  if (::poll(&polled, 1, limit_ms) <= 0) return false;
  static channel::ControlMessage message;
  auto received = channel::receive_control(control_.get(), message);
  if (!received || !*received) return false;
  if (message.header.type == ControlType::kLine) {
    lines.emplace_back(message.text());
    line_workers[lines.back()] = message.header.worker;
  } else {
    if (message.header.type == ControlType::kExited) exits.push_back(message.header);
    seen[message.header.type] = {message.header, std::string(message.text())};
  }
  return true;
}

bool WorkerDriver::wait_for(ControlType type, int limit_ms) {
  base::Nanos until = base::monotonic_now() + limit_ms * base::kMillisecond;
  while (!seen.contains(type)) {
    int left = static_cast<int>((until - base::monotonic_now()) / base::kMillisecond);
    if (left <= 0 || !take_control(left)) return seen.contains(type);
  }
  return true;
}

void WorkerDriver::take_logs() {
  TestAnswer nobodys;
  take_frames(nobodys, {}, 0);
}

void WorkerDriver::take_frames(TestAnswer& answer, const std::string& body, uint32_t ticket) {
  channel_->take_news(0, [](uint32_t) {});
  for (auto& seat : seats_) {
    while (seat) {  // not all need to have been spawned
      auto frame = seat->ring(0).peek();
      if (!frame || !*frame) break;
      const channel::Frame& got = **frame;
      if (got.type == channel::FrameType::kLog && got.ticket == 0) {
        lines.emplace_back(got.payload.substr(1));
      } else if (got.ticket == ticket) {
        switch (got.type) {
          case channel::FrameType::kHead: {
            channel::ResponseHead head;
            if (!head.decode(got.payload)) break;
            answer.status = head.status();
            for (const auto& field : head.fields()) {
              answer.headers.emplace_back(field.name, field.value);
            }
            break;
          }
          case channel::FrameType::kBody:
            answer.body += got.payload;
            if ((got.flags & channel::kFrameFlush) != 0) ++answer.flushes;
            break;
          case channel::FrameType::kLog:
            answer.logs.emplace_back(got.payload.substr(1));
            break;
          case channel::FrameType::kEnd:
            answer.ended = true;
            break;
          case channel::FrameType::kNeedBody: {
            int fd = ::memfd_create("body", MFD_CLOEXEC);
            [[maybe_unused]] ssize_t written = ::write(fd, body.data(), body.size());
            ::lseek(fd, 0, SEEK_SET);
            (void)seat->send_body(ticket, fd);
            ::close(fd);
            break;
          }
          default:
            break;
        }
      }
      seat->ring(0).take_to(seat->ring(0).peeked());
    }
  }
}

TestAnswer WorkerDriver::run(const TestRequest& request, void (*during)(WorkerDriver&)) {
  static channel::RequestEncoder encoder;
  encoder.begin();
  encoder.add(Var::kRequestMethod, request.method);
  encoder.add(Var::kRequestUri,
              "/" + request.script + (request.query.empty() ? "" : "?" + request.query));
  encoder.add(Var::kQueryString, request.query);
  encoder.add(Var::kScriptName, "/" + request.script);
  encoder.add(Var::kScriptFilename, root_ + "/" + request.script);
  encoder.add(Var::kPhpSelf, "/" + request.script);
  encoder.add(Var::kDocumentRoot, root_);
  encoder.add(Var::kServerProtocol, "HTTP/1.1");
  encoder.add(Var::kRemoteAddr, "127.0.0.9");
  encoder.add(Var::kTokioRequestId, "id-1");
  if (!request.content_type.empty()) encoder.add(Var::kContentType, request.content_type);
  if (!request.body.empty()) encoder.add(Var::kContentLength, std::to_string(request.body.size()));
  for (const auto& [name, value] : request.headers) encoder.add_header(name, value);

  const uint32_t ticket = ++ticket_;
  std::string_view inline_body = request.body;
  if (inline_body.size() > channel::kInlineBodyBytes) inline_body = {};
  seen.erase(ControlType::kExited);
  channel_->publish(0, ticket, 0, encoder.bytes(), inline_body, request.body.size());
  channel_->wake(1);
  TestAnswer answer;
  turns = 0;
  base::Nanos until = base::monotonic_now() + 20 * base::kSecond;
  while (base::monotonic_now() < until) {
    take_frames(answer, request.body, ticket);
    auto state = channel_->claim(0).state;
    if (state == channel::SlotState::kReleased || seen.contains(ControlType::kExited)) {
      take_frames(answer, request.body, ticket);
      break;
    }
    if (during != nullptr) during(*this);
    take_control(1);
  }
  channel_->reset(0);
  return answer;
}

bool WorkerDriver::hang_up() {
  control_.reset();
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    gone = ::waitpid(host_, nullptr, WNOHANG) == host_;
    if (!gone) ::usleep(10'000);
  }
  if (!gone) {
    ::kill(host_, SIGKILL);
    ::waitpid(host_, nullptr, 0);
  }
  host_ = 0;
  return gone;
}

}  // namespace howdah::php
