#include "http/accept.h"

#include <algorithm>

#include "http/chars.h"

namespace howdah::http {
namespace {

// Takes the front of `list` up to `separator`, which does not count inside of a quoted string.
std::string_view take_element(std::string_view& list, char separator) {
  bool quoted = false;
  size_t end = 0;
  for (; end < list.size(); ++end) {
    char c = list[end];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') ++end;
    if (!quoted && c == separator) break;
  }
  end = std::min(end, list.size());
  std::string_view element = trim_ows(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

// What is left of an element behind its media type: ";"-separated parameters.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = take_element(parameters, ';');
    if (parameter.size() < 2 || !iequals(parameter.substr(0, 2), "q=")) continue;
    return parse_weight(parameter.substr(2));
  }
  return kHighestWeight;
}

}  // namespace

int parse_weight(std::string_view text) {
  // At most three digits after the point.
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) {
    return kMalformedWeight;
  }
  if (text.size() > 1 && text[1] != '.') return kMalformedWeight;
  int weight = (text[0] - '0') * kHighestWeight;
  int unit = kHighestWeight / 10;
  for (char digit : text.substr(std::min<size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return kMalformedWeight;
    weight += (digit - '0') * unit;
    unit /= 10;
  }
  return weight <= kHighestWeight ? weight : kMalformedWeight;
}

bool accepts_by_name(const RequestHead& head, std::string_view media_type) {
  for (const Field& field : head.fields) {
    if (!iequals(field.name, "Accept")) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      std::string_view element = take_element(list, ',');
      std::string_view name = take_element(element, ';');
      if (iequals(name, media_type) && weight_of(element) > 0) return true;
    }
  }
  return false;
}

}  // namespace howdah::http
