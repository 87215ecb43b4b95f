<?php
$began = hrtime(true);
usleep(1500000);
echo hrtime(true) - $began >= 1500000000 ? 'whole' : 'cut';
