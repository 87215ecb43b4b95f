#include "pool/script_stack.h"

#include <algorithm>

#include "pool/limits.h"

namespace howdah::pool {
namespace {

std::string cleaned(std::string_view line) {
  std::string text(line.substr(0, kLongestStackLine));
  std::ranges::replace_if(
      text, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; }, '?');
  return text;
}

// Takes the first line off.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

ScriptStack parse_stack(std::string_view text) {
  ScriptStack stack;
  stack.waiting_in = cleaned(take_line(text));
  while (!text.empty() && stack.frames.size() < kMostStackFrames) {
    stack.frames.push_back(cleaned(take_line(text)));
  }
  return stack;
}

}  // namespace howdah::pool
