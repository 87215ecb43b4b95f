#include "app/config/error_page_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "app/config/units.h"
#include "base/fd.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;

constexpr int kLowestStatus = 400;
constexpr int kHighestStatus = 599;
constexpr std::string_view kSuffix = ".html";

// NNN of NNN.html, any three digits; 0 for another name.
int number_of(std::string_view name) {
  if (name.size() != 3 + kSuffix.size() || !name.ends_with(kSuffix)) return 0;
  return static_cast<int>(parse_integer(name.substr(0, 3)).value_or(0));
}

// Appends to `text` and returns what is wrong, empty = nothing. Without O_NONBLOCK a FIFO of that
// name would hold the start up for ever.
std::string read_page(const fs::path& path, size_t most, std::string& text) {
  base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::strerror(errno);
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return std::strerror(errno);
  if (!S_ISREG(status.st_mode)) return "not a file";
  // One byte more than is allowed: the file may have grown since.
  text.resize(std::min(static_cast<size_t>(status.st_size), most + 1));
  ssize_t got = base::retry_eintr([&] { return ::pread(file.get(), text.data(), text.size(), 0); });
  if (got < 0) return std::strerror(errno);
  text.resize(static_cast<size_t>(got));
  if (text.size() > most) {
    return fmt::format("the pages are larger than {} together", format_size(kMostErrorPageBytes));
  }
  return text.empty() ? "empty" : "";
}

}  // namespace

FoundErrorPages read_error_pages(const std::string& directory) {
  FoundErrorPages found;
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    found.problems.emplace_back(fs::exists(directory, error) ? "not a directory"
                                                             : "no such directory");
    return found;
  }
  size_t room = kMostErrorPageBytes;
  fs::directory_iterator entry(directory, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    const int status = number_of(name);
    if (status == 0) continue;
    if (status < kLowestStatus || status > kHighestStatus) {
      found.notes.push_back(fmt::format("{} is not used: pages are 400.html to 599.html", name));
      continue;
    }
    serve::ErrorPage page{.status = status, .html = {}};
    std::string wrong = read_page(entry->path(), room, page.html);
    if (!wrong.empty()) {
      found.problems.push_back(fmt::format("{}: {}", name, wrong));
      continue;
    }
    room -= page.html.size();
    found.pages.push_back(std::move(page));
  }
  if (error) found.problems.push_back("cannot be read: " + error.message());
  std::ranges::sort(found.pages, {}, &serve::ErrorPage::status);
  std::ranges::sort(found.problems);
  if (found.pages.empty() && found.problems.empty()) {
    found.notes.emplace_back("there is no NNN.html in it");
  }
  return found;
}

}  // namespace howdah::app
