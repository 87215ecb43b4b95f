<?php
// Names that are no good for a log: a NUL byte, a line's end, bytes that are no UTF-8, great length.
file_put_contents($_GET['file'], '<?php return fn () => (new class { function go() { eval("f();"); } })->go();');
$long = str_repeat('long_', 300);
eval("function f() { $long(); } function $long() { sleep(2); }");
(include $_GET['file'])();
echo 'done';
