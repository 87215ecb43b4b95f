#pragma once

// The character classes of RFC 9110 and RFC 3986 that decide whether bytes of a peer are taken.

#include <cstdint>
#include <string>
#include <string_view>

namespace howdah::http {

bool is_token_char(char c);
// RFC 9110 5.6.2: methods and field names. An empty string is no token.
bool is_token(std::string_view text);

// RFC 9110 5.5: visible characters and obs-text, with spaces and tabs between them. Empty is valid.
bool valid_field_value(std::string_view value);
// Holds a control byte other than a tab: what no line of a message may hold.
bool has_control(std::string_view text);
// Only 0x21 to 0x7e, and at least one of them.
bool is_visible_ascii(std::string_view text);

// ASCII letters compare without case, other bytes exactly.
bool iequals(std::string_view a, std::string_view b);
char to_lower(char c);
// Without the spaces and tabs around it.
std::string_view trim_ows(std::string_view text);

// 0 to 15, or -1.
int hex_digit(char c);
// `out` becomes `text` with the byte that each %XX stands for. False when a % is followed by
// anything else; what `out` holds then is of no use.
bool decode_percent(std::string_view text, std::string& out);

}  // namespace howdah::http
