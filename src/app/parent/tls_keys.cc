#include "app/parent/tls_keys.h"

#include <sys/stat.h>

#include <utility>

#include "app/parent/tls_packet.h"

namespace howdah::app {

TlsKeys::TlsKeys(const Config& config) : config_(config), paths_(tls_paths(config)) {}

std::expected<std::vector<std::string>, std::vector<TlsProblem>> TlsKeys::load() {
  if (!in_use()) return {};
  // Before reading: what changes meanwhile is seen at the next look.
  loaded_ = seen_ = marks();
  auto files = read_tls_files(config_);
  if (!files) return std::unexpected(std::move(files.error()));
  auto packet = pack_tls(files->pairs);
  if (!packet) {
    return std::unexpected(std::vector<TlsProblem>{{"TLS_KEY", packet.error().message()}});
  }
  packet_ = std::move(*packet);
  return std::move(files->warnings);
}

bool TlsKeys::look() {
  auto now = marks();
  bool at_rest = now == seen_;
  seen_ = std::move(now);
  return at_rest && seen_ != loaded_;
}

std::vector<TlsKeys::Mark> TlsKeys::marks() const {
  std::vector<Mark> marks;
  for (const std::string& path : paths_) {
    struct stat status;
    Mark& mark = marks.emplace_back();
    if (::stat(path.c_str(), &status) < 0) continue;
    const timespec& time = status.st_ctim;  // a rename or a write changes it, whatever mtime says
    mark = {status.st_dev, status.st_ino, status.st_size,
            time.tv_sec * base::kSecond + time.tv_nsec};
  }
  return marks;
}

}  // namespace howdah::app
