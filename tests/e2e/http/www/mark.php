<?php // Leaves a file behind to show that it ran.
touch($_GET['file']);
echo 'ran';
