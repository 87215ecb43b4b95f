#include "app/advice/site_size.h"

#include <filesystem>
#include <system_error>

namespace howdah::app {
namespace {

namespace fs = std::filesystem;

fs::path project_of(const fs::path& document_root) {
  std::error_code error;
  fs::path parent = document_root.parent_path();
  bool project =
      fs::exists(parent / "composer.json", error) || fs::is_directory(parent / "vendor", error);
  return project ? parent : document_root;
}

bool left_out(const fs::path& directory) {
  std::string name = directory.filename().string();
  return name.starts_with('.') || name == "node_modules";
}

}  // namespace

SiteSize measure_site(const std::string& document_root) {
  fs::path root = project_of(document_root);
  SiteSize size{.root = root.string()};
  std::error_code error;
  fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error);
  uint64_t entries = 0;
  for (; !error && at != fs::recursive_directory_iterator() && entries < kMostEntries;
       at.increment(error), ++entries) {
    std::error_code gone;
    if (at->is_directory(gone)) {
      if (left_out(at->path())) at.disable_recursion_pending();
    } else if (at->path().extension() == ".php" && at->is_regular_file(gone)) {
      uint64_t bytes = at->file_size(gone);
      if (gone) continue;
      ++size.php_files;
      size.php_bytes += bytes;
    } else if (size.user_ini.empty() && at->path().filename() == ".user.ini" &&
               at->path().string().starts_with(document_root)) {
      size.user_ini = at->path().string();
    }
  }
  return size;
}

}  // namespace howdah::app
