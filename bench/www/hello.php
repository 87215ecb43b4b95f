<?php echo 'Hello, World!';
