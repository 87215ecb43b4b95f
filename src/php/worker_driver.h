#pragma once

// Plays the front for tests: starts the real howdah-php, passes it requests through a real channel
// and collects the answers. One request at a time.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "channel/control.h"
#include "channel/front_channel.h"
#include "channel/request_codec.h"

namespace howdah::php {

struct TestRequest {
  std::string method = "GET";
  std::string script;  // a file name below the driver's root
  std::string query;
  std::string body;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct TestAnswer {
  bool ended = false;  // kEnd came
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  int flushes = 0;
  std::vector<std::string> logs;

  std::string header(std::string_view name) const;
};

class WorkerDriver {
 public:
  // Starts the host with `arguments` besides its own; {root} in them stands for root(). Empty
  // `failure` when it is ready.
  explicit WorkerDriver(std::vector<std::string> arguments = {}, uint32_t workers = 1,
                        bool spawn_all = true);
  ~WorkerDriver();

  const std::string& failure() const { return failure_; }
  const std::string& root() const { return root_; }
  void write_script(const std::string& name, std::string_view text);

  void spawn(uint32_t worker);
  // Puts a request into slot 0 and waits for the end of the answer, or of the worker. `during` is
  // called at each turn, to act while the script runs.
  TestAnswer run(const TestRequest& request, void (*during)(WorkerDriver&) = nullptr);
  void send(channel::ControlType type);
  // About any worker.
  void send(channel::ControlType type, uint32_t worker, int32_t status);
  void set_cancelled() { channel_->set_cancelled(0); }
  void set_client_gone() { channel_->set_client_gone(0); }

  // Takes control messages until one of `type` comes; false when none comes for `limit_ms`.
  bool wait_for(channel::ControlType type, int limit_ms = 5000);
  // The last message of a type, as wait_for() and run() have seen it.
  struct Seen {
    channel::ControlHeader header;
    std::string text;
  };
  std::map<channel::ControlType, Seen> seen;
  std::vector<std::string> lines;  // also those that came through the channel outside of requests
  void take_logs();                // that have come this way by now
  std::map<std::string, uint32_t> line_workers;  // whose a line is said to be
  bool wait_for_line(const std::string& line);
  // Of all workers, in order.
  std::vector<channel::ControlHeader> exits;
  // Takes control messages until there have been so many exits.
  bool wait_for_exits(size_t count);
  // How often `during` has been called in this run().
  int turns = 0;
  pid_t host() const { return host_; }
  // Of the last that was spawned.
  pid_t worker_pid() const { return worker_pid_; }
  // Ends the control socket and reaps the host; true when it went by itself in time.
  bool hang_up();
  channel::FrontChannel& channel() { return *channel_; }
  channel::Seat& seat(uint32_t worker) { return *seats_[worker]; }

 private:
  bool take_control(int limit_ms);
  void take_frames(TestAnswer& answer, const std::string& body, uint32_t ticket);

  std::string failure_;
  std::string root_;
  std::unique_ptr<channel::FrontChannel> channel_;
  std::vector<std::shared_ptr<channel::Seat>> seats_;
  base::UniqueFd control_;
  pid_t host_ = 0;
  pid_t worker_pid_ = 0;
  uint32_t ticket_ = 0;
  uint32_t incarnation_ = 0;
};

}  // namespace howdah::php
