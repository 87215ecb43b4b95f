#pragma once

// Descriptors that a worker script has opened before its first request, and what becomes of them in
// the forks: a process must not read from, or write to, what it shares with its siblings.
//
// Sockets, pipes and event descriptors are replaced by a dead socket (it reads the end, and writing
// fails), never closed: PHP still holds their numbers. Those that lead to the script's stderr lead
// to the fork's. Files and directories are opened again, so that each fork has a position and locks
// of its own. Devices are left alone.

#include <string>
#include <vector>

#include "base/fd.h"

namespace howdah::php {

class SnapshotDescriptors {
 public:
  // Everything that is open now is the server's, and stays as it is.
  void note_own();
  // What has been opened since then. Writes a line to stderr for each that the forks will find
  // dead. An SQLite database cannot be shared at all: then `refusal` names it.
  void find(std::string& refusal);
  // In a fork.
  void cure() const;
  // When the fork's stderr leads where its request's lines belong.
  void lead_output() const;

 private:
  enum class Kind {
    kDead,
    kFile,
    kOutput,  // the script's own stdout or stderr under another number
  };
  struct Found {
    int fd;
    Kind kind;
    int cloexec = 0;  // O_CLOEXEC when that is set
    int flags = 0;    // for open(), of a file
    off_t position = 0;
  };
  void look_at(int fd, std::string& refusal);

  std::vector<int> own_;  // sorted
  std::vector<Found> found_;
  base::UniqueFd dead_;
};

}  // namespace howdah::php
