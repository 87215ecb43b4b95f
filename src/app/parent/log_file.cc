#include "app/parent/log_file.h"

#include <fcntl.h>
#include <unistd.h>

namespace howdah::app {

base::Result<base::UniqueFd> open_log(const Config& config) {
  base::UniqueFd fd(
      config.log_file.empty()
          ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
          : ::open(config.log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!fd) return base::fail_errno("open");
  return fd;
}

base::Logger::Options logger_options(const Config& config, int fd) {
  bool text = config.log_format == LogFormat::kText ||
              (config.log_format == LogFormat::kAuto && ::isatty(fd) == 1);
  return {.level = config.log_level,
          .service = config.service_name,
          .format = text ? base::Logger::Format::kText : base::Logger::Format::kJson};
}

}  // namespace howdah::app
