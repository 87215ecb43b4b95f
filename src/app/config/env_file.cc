#include "app/config/env_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "app/config/units.h"

namespace howdah::app {
namespace {

bool is_name(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  return std::ranges::all_of(
      name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.'; });
}

char unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    default:
      return c;
  }
}

// `text` starts with its quote. Nothing when the quote is not closed or something follows it.
std::optional<std::string> unquote(std::string_view text) {
  const char quote = text.front();
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      std::string_view rest = trim(text.substr(i + 1));
      return rest.empty() || rest.front() == '#' ? std::optional(value) : std::nullopt;
    }
    bool escape = quote == '"' && text[i] == '\\' && i + 1 < text.size();
    value += escape ? unescape(text[++i]) : text[i];
  }
  return std::nullopt;
}

std::optional<std::string> parse_value(std::string_view text) {
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) return unquote(text);
  return std::string(trim(text.substr(0, text.find(" #"))));
}

}  // namespace

EnvFile parse_env_file(std::string_view text) {
  EnvFile file;
  for (int number = 1; !text.empty(); ++number) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));

    size_t equals = line.find('=');
    std::string_view name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
      file.problems.push_back(fmt::format("line {}: expected NAME=value", number));
      continue;
    }
    auto value = parse_value(trim(line.substr(equals + 1)));
    if (value && value->find('\0') == std::string::npos) {
      file.values.emplace_back(name, *value);
    } else {
      file.problems.push_back(fmt::format("line {}: the value of {} is not closed", number, name));
    }
  }
  return file;
}

}  // namespace howdah::app
