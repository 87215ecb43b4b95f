<?php
echo $_SERVER['TOKIO_WORKER_ID'];
