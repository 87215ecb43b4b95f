<?php // Takes a known time.
usleep(50000);
echo str_repeat('x', 1234);
