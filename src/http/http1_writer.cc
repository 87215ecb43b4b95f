#include "http/http1_writer.h"

#include <cassert>
#include <charconv>
#include <string>

#include "base/buffer.h"
#include "http/chars.h"
#include "http/status.h"

namespace howdah::http {
namespace {

struct Number {
  char text[20];  // of 2^64 - 1 in decimal
  size_t size;

  Number(uint64_t value, int base)
      : size(static_cast<size_t>(std::to_chars(text, text + sizeof text, value, base).ptr - text)) {
  }
  std::string_view view() const { return {text, size}; }
};

}  // namespace

template <class Out>
void append_status_line(Out& out, int status, std::string_view reason) {
  assert(status >= 100 && status <= 999);
  assert(!has_control(reason));
  if (status == 200 && reason.empty()) {
    out.append(std::string_view("HTTP/1.1 200 OK\r\n"));
    return;
  }
  char line[] = "HTTP/1.1 000 ";
  line[9] = static_cast<char>('0' + status / 100);
  line[10] = static_cast<char>('0' + status / 10 % 10);
  line[11] = static_cast<char>('0' + status % 10);
  out.append(std::string_view(line, sizeof line - 1));
  out.append(reason.empty() ? reason_phrase(status) : reason);
  out.append(std::string_view("\r\n"));
}

template <class Out>
void append_field(Out& out, std::string_view name, std::string_view value) {
  assert(is_token(name) && valid_field_value(value));
  out.append(name);
  out.append(std::string_view(": "));
  out.append(value);
  out.append(std::string_view("\r\n"));
}

template <class Out>
void append_field(Out& out, std::string_view name, uint64_t value) {
  append_field(out, name, Number(value, 10).view());
}

template <class Out>
void append_chunk_header(Out& out, uint64_t size) {
  assert(size > 0);  // a chunk of size 0 would end the body
  out.append(Number(size, 16).view());
  out.append(std::string_view("\r\n"));
}

template void append_status_line(base::Buffer&, int, std::string_view);
template void append_status_line(std::string&, int, std::string_view);
template void append_field(base::Buffer&, std::string_view, std::string_view);
template void append_field(std::string&, std::string_view, std::string_view);
template void append_field(base::Buffer&, std::string_view, uint64_t);
template void append_field(std::string&, std::string_view, uint64_t);
template void append_chunk_header(base::Buffer&, uint64_t);
template void append_chunk_header(std::string&, uint64_t);

}  // namespace howdah::http
