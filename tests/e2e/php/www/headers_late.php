<?php // A header after flush() still counts while all output is held in a buffer.
echo 'x';
flush();
header('X-Late: yes');
echo headers_sent() ? ' sent' : ' open';
