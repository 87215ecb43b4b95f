#include "app/advice/shared_user.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <utility>

#include "app/config/values.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;

struct User {
  uid_t uid;
  gid_t gid;
};

// By its mode alone: what an ACL allows is not seen.
bool may(User user, const fs::path& path, mode_t right) {
  struct stat file{};
  if (::stat(path.c_str(), &file) < 0) return false;
  if (user.uid == 0) return true;
  const unsigned shift = user.uid == file.st_uid ? 6 : user.gid == file.st_gid ? 3 : 0;
  return (file.st_mode >> shift & right) != 0;
}

bool may_read(User user, const fs::path& given) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(given, error);
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    if (!may(user, folder, S_IXOTH)) return false;
    if (folder == folder.parent_path()) break;
  }
  return may(user, path, S_IROTH);
}

// Who can signal whom.
std::string one_user_note(const Config& config) {
  if (!config.run_as) {
    std::string control;
    if (!config.control_socket.empty()) {
      control = fmt::format(" and give orders over CONTROL_SOCKET={}", config.control_socket);
    }
    return fmt::format(
        "PHP runs as the user of all other processes: a script can end them{}; their memory and "
        "environment are closed to it. Started as root, the server gives PHP a user of its own",
        control);
  }
  if (config.front_user && config.front_user->uid == config.run_as->uid) {
    return fmt::format(
        "PHP and the front are one user, {}: a script can end the front; its memory is closed to "
        "it. FRONT_USER names another one",
        config.run_as->user);
  }
  return "";
}

}  // namespace

std::vector<std::string> shared_user_notes(const Config& config, uid_t own, gid_t own_group) {
  std::vector<std::string> notes;
  std::string note = one_user_note(config);
  if (!note.empty()) notes.push_back(std::move(note));
  const User php =
      config.run_as ? User{config.run_as->uid, config.run_as->gid} : User{own, own_group};
  auto look_at = [&](std::string_view name, const std::string& path) {
    if (path.empty() || !may_read(php, path)) return;
    notes.push_back(fmt::format("PHP's user can read {} {}: so can every script", name, path));
  };
  for (const std::string& key : split_list(config.tls_key, ',')) look_at("TLS_KEY", key);
  look_at("--env-file", config.env_file);
  return notes;
}

}  // namespace howdah::app
