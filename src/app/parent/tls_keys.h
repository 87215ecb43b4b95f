#pragma once

// The parent's hold on certificates and keys: it alone has the rights to read them, and gives them
// to the front and nobody else.

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

#include "app/config/tls_files.h"
#include "base/clock.h"
#include "base/fd.h"

namespace howdah::app {

// One in the parent. Without TLS_CERT it does nothing.
class TlsKeys {
 public:
  // How often the files are looked at. One that has changed is read when it is the same at the next
  // look: a certificate and its key are not replaced in one step.
  static constexpr base::Nanos kLookInterval = base::kSecond;

  explicit TlsKeys(const Config& config);

  // Reads and checks all files. When one is wrong what was loaded before stays. Returns warnings.
  std::expected<std::vector<std::string>, std::vector<TlsProblem>> load();
  bool in_use() const { return !paths_.empty(); }
  // What was loaded last (tls_packet.h); -1 = nothing.
  int packet() const { return packet_.get(); }
  // True when the files were replaced since the last load() and seem to be complete.
  bool look();

 private:
  // Which file a path leads to, and its state: links are followed.
  struct Mark {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;
    int64_t changed = 0;
    bool operator==(const Mark&) const = default;
  };
  std::vector<Mark> marks() const;

  Config config_;
  std::vector<std::string> paths_;
  base::UniqueFd packet_;
  std::vector<Mark> loaded_;
  std::vector<Mark> seen_;
};

}  // namespace howdah::app
