#include "app/parent/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace howdah::app {
namespace {

// Lives as long as the process, as the environment does.
char** copy_environment() {
  size_t count = 0;
  while (::environ[count] != nullptr) ++count;
  auto** copy = new char*[count + 1];
  for (size_t i = 0; i < count; ++i) copy[i] = ::strdup(::environ[i]);
  copy[count] = nullptr;
  return copy;
}

}  // namespace

ProcessTitle::ProcessTitle(int argc, char** argv) {
  if (argc < 1 || ::environ == nullptr) return;
  char* end = argv[0];
  // The strings lie one behind the other; a program that replaced one ends the area there.
  auto take = [&](const char* text) {
    if (text == end) end += std::strlen(text) + 1;
  };
  for (int i = 0; i < argc; ++i) take(argv[i]);
  for (char** entry = ::environ; *entry != nullptr; ++entry) take(*entry);
  area_ = argv[0];
  size_ = static_cast<size_t>(end - area_);
  ::environ = copy_environment();
}

void ProcessTitle::set(std::string_view title) {
  if (size_ == 0) return;
  size_t length = std::min(title.size(), size_ - 1);
  std::memcpy(area_, title.data(), length);
  std::memset(area_ + length, 0, size_ - length);
}

}  // namespace howdah::app
