<?php // Announces its pid, then waits to be let go.
require 'wait.inc';
wait_at_gate($_GET['gate']);
echo 'released';
