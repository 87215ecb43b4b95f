<?php
usleep((int) ($_GET['us'] ?? 0));
echo tokio_worker_id(), ' ', getmypid();
