<?php // Shows that it ran.
file_put_contents($_GET['file'], 'ran');
