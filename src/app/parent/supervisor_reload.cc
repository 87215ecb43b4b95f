// The parent's part in a reload: the settings are read and checked here, the front brings them into
// use.

#include "app/config/config_packet.h"
#include "app/parent/log_file.h"
#include "app/parent/supervisor.h"

namespace howdah::app {

void Supervisor::want_reload() {
  reload_wanted_ = true;
  begin_reload();
}

// One at a time. Who asks while one runs may have changed something that it has read already:
// another one follows for all of them.
void Supervisor::begin_reload() {
  bool possible = state_ == State::kServing && front_ready_ && !reloading_;
  if (!reload_wanted_ || !possible) return;
  reload_wanted_ = false;
  parts_.notifier.reloading();
  Reloadable& settings = parts_.settings;
  std::vector<std::string> problems = settings.load_next();
  if (problems.empty()) {
    auto packet = pack_config(settings.next_config());
    if (packet) {
      std::vector<int> fds{packet->get()};
      if (settings.next_tls().in_use()) fds.push_back(settings.next_tls().packet());
      parts_.log.info("reloading");
      reloading_ = tell_front({.type = LinkType::kReload, .ticket = reload_ticket_}, fds);
    } else {
      problems.push_back(packet.error().message());
    }
    if (!reloading_) settings.drop_next();
  }
  if (problems.empty()) return;
  std::string all;
  for (const std::string& problem : problems) {
    parts_.log.error("the settings in use stay: " + problem);
    all.append(all.empty() ? "" : "\n").append(problem);
  }
  parts_.notifier.ready("Not reloaded: " + problems.front());
  tell_front({.type = LinkType::kReloadRefused, .ticket = reload_ticket_}, {}, all);
}

void Supervisor::end_reload(int status) {
  if (!reloading_) return;
  reloading_ = false;
  Reloadable& settings = parts_.settings;
  if (status == 0) {
    for (const std::string& line : settings.news()) parts_.log.warn(line);
    settings.adopt_next();
    prestarted_.clear();  // have the old settings; the end of its control socket ends each
    parts_.log.set_level(settings.config().log_level);
    parts_.log.info("reloaded");
    if (state_ == State::kServing) parts_.notifier.ready("Serving");
    begin_watching();
  } else {
    settings.drop_next();
    parts_.log.error("not reloaded: the settings in use stay");
    if (state_ == State::kServing) parts_.notifier.ready("Not reloaded: the log says why");
  }
  begin_reload();
}

}  // namespace howdah::app
