#pragma once

// What one loop remembers of the files it serves, so that a file asked for again and again costs no
// system call: what it is, the fields its answers carry, and the bytes of small ones.
//
// Only what exists is remembered: a new file is seen by the next request. What was seen is believed
// for a limited time and then looked at again by one stat(); a file that has changed since is read
// anew, and nothing of the old one is used.

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/content_coding.h"
#include "net/event_loop.h"
#include "serve/file_system.h"

namespace howdah::serve {

// ".br" for Brotli: how a file is called that holds another one's content in that coding.
std::string_view suffix_of(base::ContentCoding coding);

// A regular file as its answers describe it.
struct StaticFile {
  FileIdentity identity;
  std::string etag;           // with its quotes
  std::string last_modified;  // an HTTP date
  std::string_view content_type;
  std::string content;
  bool has_content = false;
  // Long enough unchanged when it was read that its times tell of every later change.
  bool settled = false;

  int64_t modified_seconds() const { return identity.modified / base::kSecond; }
};

// One loop's; its thread only.
class FileCache final : public FileSystem {
 public:
  using WallClock = base::Nanos (*)();
  // Both references outlive the object. `trust` 0 = nothing is believed beyond one pass of the
  // loop.
  FileCache(const DocumentRoot& root, const net::EventLoop& loop, base::Nanos trust,
            WallClock wall = base::wall_now);

  FileKind kind_of(std::string_view path) override;

  // A file to send: its content is in memory, or the descriptor reads it.
  struct Found {
    const StaticFile* file = nullptr;  // until the next call of any method
    base::UniqueFd fd;
  };
  // Fails with ENOENT for what is no regular file, and with EAGAIN for one that never stands still.
  base::Result<Found> open(std::string_view path);

  // In the order of `offered`, the codings in which a file lies beside itself: as x.br, x.zst,
  // x.gz, not empty and not older than itself, since an older one is of an older content.
  base::CodingList neighbours_of(std::string_view path, const base::CodingList& offered);

  size_t size() const { return entries_.size(); }
  size_t content_bytes() const { return content_bytes_; }

 private:
  struct Entry {
    std::string path;
    FileKind kind = FileKind::kNone;
    StaticFile file;
    bool described = false;  // `file` holds more than its identity
    base::Nanos checked_at = 0;
    std::optional<base::Nanos> neighbours_at;  // when they were looked for
    base::CodingList neighbours;
  };
  using Entries = std::list<Entry>;  // the latest used first

  Entry* find(std::string_view path);
  Entry* remember(std::string_view path, const FileLook& look);
  bool trusted(const Entry& entry) const { return loop_.now() - entry.checked_at <= trust_; }
  void see(Entry& entry, const FileLook& look);
  base::CodingList look_for_neighbours(const Entry& entry, const base::CodingList& offered);
  void describe(Entry& entry);
  bool settles(const FileIdentity& identity) const;
  base::Status read(Entry& entry, int fd);
  void drop_content(Entry& entry);
  void forget(Entries::iterator entry);
  void make_room(size_t size);

  const DocumentRoot& root_;
  const net::EventLoop& loop_;
  const base::Nanos trust_;
  const WallClock wall_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_path_;  // keys are in the entries
  size_t content_bytes_ = 0;
  std::string scratch_;
  Entry unkept_;  // of a path that is too long to be remembered
};

}  // namespace howdah::serve
