<?php
echo 'kept';
exit(3);
