#pragma once

// What of an answer that PHP made may go to a client. A script can put any bytes into a header; the
// front believes none of it.

#include <string_view>

namespace howdah::http {

// Three digits, none of them an interim status.
bool valid_final_status(int status);
// A token as name, and a value whose bytes RFC 9110 5.5 allows: no CR, LF, NUL or other control
// byte, no space at its ends (trim_ows() first).
bool valid_response_field(std::string_view name, std::string_view value);
// Belongs to one connection (RFC 9110 7.6.1): the server's own business, dropped when it comes from
// PHP, and forbidden in HTTP/2. In any letter case.
bool is_hop_by_hop(std::string_view name);
// What an interim answer may carry of a script's fields: none of one connection, no length (RFC
// 9110 8.6), and no word to the server about the file it is to send.
bool valid_interim_field(std::string_view name, std::string_view value);
// False for the statuses whose answers have no body by definition: 1xx, 204, 304.
bool status_allows_body(int status);

}  // namespace howdah::http
