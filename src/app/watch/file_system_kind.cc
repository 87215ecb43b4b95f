#include "app/watch/file_system_kind.h"

#include <cstdint>

namespace howdah::app {
namespace {

struct Kind {
  uint32_t type;
  std::string_view name;
};

// linux/magic.h and the file systems' own sources.
constexpr Kind kBlind[] = {
    {0x6969, "nfs"},          {0x517B, "smb"},       {0xFE534D42, "smb2"},   {0xFF534D42, "cifs"},
    {0x01021997, "9p"},       {0x65735546, "fuse"},  {0x786F4256, "vboxsf"}, {0xBACBACBC, "vmhgfs"},
    {0x5346414F, "afs"},      {0x6B414653, "afs"},   {0x00C36400, "ceph"},   {0x73757245, "coda"},
    {0x0BD00BD0, "lustre"},   {0x7461636F, "ocfs2"}, {0x01161970, "gfs2"},   {0x564C, "ncp"},
    {0x20030528, "orangefs"},
};

}  // namespace

std::string_view blind_file_system(long type) {
  // f_type is signed on some machines.
  const auto wanted = static_cast<uint32_t>(type);
  for (const Kind& kind : kBlind) {
    if (kind.type == wanted) return kind.name;
  }
  return {};
}

}  // namespace howdah::app
