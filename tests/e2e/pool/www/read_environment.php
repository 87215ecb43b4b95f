<?php
$umask = umask();
echo json_encode(['umask' => $umask, 'pid' => getmypid(), 'cwd' => getcwd(), 'env' => getenv('ONLY_MINE')]);
