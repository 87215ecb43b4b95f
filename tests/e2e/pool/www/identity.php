<?php
echo json_encode(['uid' => posix_geteuid(), 'gid' => posix_getegid(), 'groups' => posix_getgroups()]);
