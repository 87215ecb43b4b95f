#include "http/response_rules.h"

#include <algorithm>

#include "http/chars.h"

namespace howdah::http {

bool valid_final_status(int status) { return status >= 200 && status <= 999; }

bool valid_response_field(std::string_view name, std::string_view value) {
  return is_token(name) && valid_field_value(value);
}

bool is_hop_by_hop(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "connection",       "keep-alive", "transfer-encoding", "upgrade",
      "proxy-connection", "te",         "trailer",
  };
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return iequals(name, known); });
}

bool valid_interim_field(std::string_view name, std::string_view value) {
  bool of_the_final_answer = iequals(name, "content-length") || iequals(name, "x-accel-redirect") ||
                             iequals(name, "x-sendfile");
  return valid_response_field(name, value) && !is_hop_by_hop(name) && !of_the_final_answer;
}

bool status_allows_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace howdah::http
