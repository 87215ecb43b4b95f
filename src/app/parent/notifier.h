#pragma once

// Tells a service manager how the server is (sd_notify(3)), so that it knows when a start, a reload
// or an end is over.
//
// The protocol is a datagram of NAME=value lines. It is spoken here, as sd_notify(3) shows, rather
// than by libsystemd, which would bring its compression and encryption libraries into the process
// that holds the keys.

#include <sys/types.h>

#include <string_view>
#include <utility>

#include "app/config/service_manager.h"
#include "base/log.h"

namespace howdah::app {

// One in the parent. Without a service manager, nothing is sent. Never blocks: what the manager
// does not take is lost, which is logged once.
class Notifier {
 public:
  // `log` outlives it.
  Notifier(ServiceManager manager, const base::Logger& log)
      : manager_(std::move(manager)), log_(log) {}

  // How often alive() is to be called while all is well; 0 = never.
  base::Nanos alive_interval() const { return manager_.watchdog / 2; }

  // `status` is a line for people.
  void ready(std::string_view status);
  void reloading();
  void stopping(std::string_view status);
  void status(std::string_view status);
  void alive();

 private:
  void tell(std::string_view state, std::string_view status);
  bool send(std::string_view message) const;

  const ServiceManager manager_;
  const base::Logger& log_;
  bool failure_logged_ = false;
};

}  // namespace howdah::app
