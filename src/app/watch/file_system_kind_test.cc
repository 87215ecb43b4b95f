#include "app/watch/file_system_kind.h"

#include <gtest/gtest.h>
#include <linux/magic.h>

namespace howdah::app {
namespace {

TEST(FileSystemKind, KnowsWhereInotifyIsBlind) {
  EXPECT_EQ(blind_file_system(NFS_SUPER_MAGIC), "nfs");
  EXPECT_EQ(blind_file_system(FUSE_SUPER_MAGIC), "fuse");
  EXPECT_EQ(blind_file_system(V9FS_MAGIC), "9p");
  EXPECT_EQ(blind_file_system(static_cast<int32_t>(CIFS_SUPER_MAGIC)), "cifs");
  EXPECT_EQ(blind_file_system(EXT4_SUPER_MAGIC), "");
  EXPECT_EQ(blind_file_system(OVERLAYFS_SUPER_MAGIC), "");
  EXPECT_EQ(blind_file_system(TMPFS_MAGIC), "");
}

}  // namespace
}  // namespace howdah::app
