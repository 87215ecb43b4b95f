<?php echo 'front';
