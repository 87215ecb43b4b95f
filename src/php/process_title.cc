#include "php/process_title.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace howdah::php {
namespace {

char* title_begin = nullptr;
char* title_end = nullptr;

}  // namespace

void prepare_process_title(int argc, char** argv) {
  if (argc == 0) return;
  title_begin = argv[0];
  title_end = argv[0] + std::strlen(argv[0]) + 1;
  // Strings of argv, then of environ, follow each other.
  for (int i = 1; i < argc; ++i) {
    if (argv[i] == title_end) title_end += std::strlen(argv[i]) + 1;
  }
  size_t count = 0;
  for (; environ[count] != nullptr; ++count) {
    if (environ[count] == title_end) title_end += std::strlen(environ[count]) + 1;
  }
  // Never freed: the environment lives as long as the process.
  char** moved = new char*[count + 1];
  for (size_t i = 0; i < count; ++i) moved[i] = ::strdup(environ[i]);
  moved[count] = nullptr;
  environ = moved;
}

void set_process_title(const char* title) {
  ::prctl(PR_SET_NAME, title);
  if (title_begin == nullptr) return;
  size_t room = static_cast<size_t>(title_end - title_begin);
  std::memset(title_begin, 0, room);
  std::memcpy(title_begin, title, std::min(std::strlen(title), room - 1));
}

}  // namespace howdah::php
