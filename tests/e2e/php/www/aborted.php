<?php
echo json_encode([connection_status(), connection_aborted(), ignore_user_abort()]);
