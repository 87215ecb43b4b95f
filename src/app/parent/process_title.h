#pragma once

// What `ps` shows for a process.

#include <cstddef>
#include <string_view>

namespace howdah::app {

// The memory the kernel gave the program for its arguments and environment, which `ps` reads.
class ProcessTitle {
 public:
  // Takes the area over: moves the environment elsewhere. Once, at the start of main(), before
  // anything keeps a pointer into the arguments or the environment.
  ProcessTitle(int argc, char** argv);
  void set(std::string_view title);

 private:
  char* area_ = nullptr;
  size_t size_ = 0;
};

}  // namespace howdah::app
