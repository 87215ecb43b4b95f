#pragma once

// Where a script is, as its worker or the worker's host says (php/script_stack.h).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pool {

// Cut, and without control bytes.
struct ScriptStack {
  std::string waiting_in;           // in the kernel; empty = it runs, or that is not known
  std::vector<std::string> frames;  // "function() file:line", the innermost first; may be empty
};
// Of what a host sent (channel::ControlType::kLooked), whatever it sent.
ScriptStack parse_stack(std::string_view text);

struct WorkerStack {
  std::string pool;  // its name
  uint32_t worker = 0;
  ScriptStack stack;
};

}  // namespace howdah::pool
