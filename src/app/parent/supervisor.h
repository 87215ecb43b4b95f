#pragma once

// The parent's loop: signals, the front, the hosts.

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <vector>

#include "app/config/config.h"
#include "app/parent/host_process.h"
#include "app/parent/link.h"
#include "app/parent/notifier.h"
#include "app/parent/process_title.h"
#include "app/parent/reloadable.h"
#include "app/parent/sockets.h"
#include "app/traces/export_process.h"
#include "app/watch/watch_process.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/shared_counter.h"
#include "ops/span_rings.h"

namespace howdah::app {

// How long processes may take for what they do by themselves.
inline constexpr base::Nanos kOrphanGrace = 3 * base::kSecond;  // a host whose front is gone
inline constexpr base::Nanos kBirthTime = 5 * base::kSecond;    // a front that dies earlier is ill
inline constexpr base::Nanos kFirstBackOff = 100 * base::kMillisecond;
inline constexpr base::Nanos kLongestBackOff = 5 * base::kSecond;
inline constexpr base::Nanos kHostRetry = base::kSecond;   // after a fork that failed
inline constexpr base::Nanos kWatchRetry = base::kSecond;  // after a watcher that ended
inline constexpr base::Nanos kExporterRetry = base::kSecond;
// Until what was sent SIGKILL is reaped; a process in an uninterruptible system call is left
// behind.
inline constexpr base::Nanos kReapLimit = 5 * base::kSecond;
// For the front to name what it has to cut, and to end.
inline constexpr base::Nanos kCutLimit = 2 * base::kSecond;
inline constexpr int kBirthFailures = 5;  // of the first front, before the start is given up

// One in the parent process, on its only thread. Ends with run().
class Supervisor {
 public:
  struct Parts {
    Reloadable& settings;
    Sockets& sockets;
    base::Logger& log;
    Notifier& notifier;
    int log_fd;
    base::SharedCounter& lost_lines;  // of the log, by all processes but the front
    rlimit descriptor_limit;          // what hosts get back
    ProcessTitle& title;
    ops::SpanRings* spans;  // null = none are exported
  };
  explicit Supervisor(Parts parts);
  // Returns the exit status of the program.
  int run();

 private:
  enum class State {
    kServing,   // a front runs, or is about to be started again
    kDraining,  // the front was told to end when all is answered
    kCutting,   // it was told to end
    kEnding,    // no front; waiting for hosts to end
  };
  enum class HostSettings { kInUse, kNext };
  struct Host {
    pid_t pid = 0;
    base::Nanos kill_at = 0;  // 0 = its front lives
  };

  // Events
  void on_signal(int number);
  void on_child(pid_t pid, int status);
  void on_front_exit(int status);
  // Takes one message; false when there is none.
  bool on_front_message();
  void on_deadlines(base::Nanos now);
  base::Nanos next_deadline() const;
  void wait(base::Nanos now);

  void start_front();
  void begin_drain();
  // The front names what it has not finished, and ends; then all end.
  void cut(base::Nanos now);
  void end_now();
  // The watchdog of the service manager hears of a front whose loops all run.
  void ping_front(base::Nanos now);
  // No front any more, and none will be: ends when the hosts have ended, or kReapLimit after `by`.
  void await_hosts(base::Nanos killed_by);
  void give_up_waiting();
  void orphan_hosts();
  void reopen_log();
  // Reads certificates and keys again and gives them to the front. Wrong ones are logged and the
  // old stay.
  void reload_tls();
  // Starts a host for each pool ahead of the front's request for it.
  void prestart_hosts();
  // What the front wants a host for.
  struct WantedHost {
    uint32_t pool = 0;
    uint32_t generation = 0;
    HostSettings settings = HostSettings::kInUse;
  };
  void give_host(WantedHost wanted);
  // That was started ahead, or an empty one.
  HostProcess take_prestarted(uint32_t pool);
  base::Result<HostProcess> new_host(const Config& config, uint32_t pool);
  // False when it was not taken.
  bool tell_front(const LinkMessage& message, std::span<const int> fds = {},
                  std::string_view text = {});

  // --- supervisor_reload.cc
  void want_reload();
  void begin_reload();
  void end_reload(int status);

  // --- supervisor_watch.cc
  void begin_watching();
  bool on_watch_report();
  void on_watcher_exit(int status);
  // Not before the front is ready: what it starts until then may have the old code.
  void restart_changed_scripts();

  // --- supervisor_traces.cc
  void begin_exporting();
  // The front has ended: what it has left is sent.
  void finish_exporting();
  void on_exporter_exit(int status);

  const Config& config() const { return parts_.settings.config(); }

  const Parts parts_;
  base::UniqueFd signals_;
  State state_ = State::kServing;
  int exit_status_ = 0;

  pid_t front_ = 0;  // 0 = none
  base::UniqueFd link_;
  base::Nanos front_started_ = 0;
  base::Nanos front_due_ = 0;  // 0 = not waiting to start one
  int birth_failures_ = 0;
  bool was_ready_ = false;
  bool front_ready_ = false;  // this one

  bool reload_wanted_ = false;
  bool reloading_ = false;      // the front has the next settings
  uint32_t reload_ticket_ = 0;  // of the front's last request for one

  WatchProcess watch_;
  WatchPlan watched_;
  uint64_t changed_scripts_ = 0;  // by bits; to be told to the front
  base::Nanos watch_due_ = 0;     // 0 = not waiting to start it again

  ExportProcess exporter_;
  base::Nanos exporter_due_ = 0;      // 0 = not waiting to start it again
  base::Nanos exporter_kill_at_ = 0;  // 0 = it was not told to end

  std::vector<Host> hosts_;
  struct Prestarted {
    uint32_t pool = 0;
    HostProcess host;
  };
  std::vector<Prestarted> prestarted_;
  std::vector<WantedHost> wanted_hosts_;  // the front waits for them, and they could not be forked
  base::Nanos host_due_ = 0;
  base::Nanos drain_by_ = 0;     // 0 = no limit
  base::Nanos end_by_ = 0;       // of kCutting
  base::Nanos give_up_by_ = 0;   // 0 = not ending
  base::Nanos look_at_tls_ = 0;  // 0 = no TLS
  base::Nanos ping_at_ = 0;      // 0 = no watchdog
  bool pinged_ = false;          // and no answer yet
};

}  // namespace howdah::app
