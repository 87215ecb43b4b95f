<?php
// Until somebody ends this process.
ini_set('memory_limit', '-1');
for ($eaten = []; ; ) {
    $eaten[] = str_repeat('x', 1 << 20);
}
