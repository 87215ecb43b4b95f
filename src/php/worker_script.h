#pragma once

// Worker mode: a script that starts once, and then takes one request after the other by
// frankenphp_handle_request(callable): bool.

#include <string>
#include <vector>

namespace howdah::php {

struct RequestState;
enum class WorkerEnd;

class SnapshotTemplate;

enum class WorkerMode {
  kLoop,      // one run of the script serves one request after the other
  kSnapshot,  // one run is forked for each request (snapshot_template.h)
};

// Constant after the host's start.
struct WorkerScript {
  WorkerMode mode = WorkerMode::kLoop;
  int snapshot_ready = 2;  // forks that wait for their request ahead of demand
  std::string path;        // of the script, absolute
  std::string name;        // SCRIPT_NAME: its path below the document root, or empty
  std::string document_root;
  std::vector<std::string> environment;  // "NAME=value", in $_SERVER until the first request
};

// One run of the script in a worker, from its start to its end. Part of RequestState.
struct ScriptRun {
  const WorkerScript* script = nullptr;  // null: no worker mode
  bool waited = false;                   // the script has asked for a request
  bool retired = false;                  // it was told that there are no more
  uint32_t requests_left = 0;            // until the worker ends; 0: no limit, or none left
  bool spent = false;                    // the limit was reached
  bool is_booting() const { return script != nullptr && !waited; }
  int refusals = 0;  // how often it has asked after that
  // The last line that it said while no request ran (script_log.h).
  char last_words[256];
  size_t last_words_size = 0;
  bool fatal = false;                    // they are the error that ended it
  SnapshotTemplate* snapshot = nullptr;  // of snapshot mode
  bool served = false;                   // a fork of it has had its request
};

// Runs the script, and again after each of its ends, until the channel says that the worker is to
// end, or the script ends before it has asked for a request.
// `limit` requests, unless that is 0, over all runs.
WorkerEnd run_worker_script(RequestState& state, uint32_t limit);

}  // namespace howdah::php
