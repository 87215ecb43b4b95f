<?php // More interim answers than anybody wants.
for ($i = 0; $i < 1000; ++$i) {
    headers_send(103);
}
echo 'answer';
