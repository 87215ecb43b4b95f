<?php // Takes memory and never gives it back, as an extension that leaks does.
$bytes = $_GET['mb'] << 20;
FFI::memset(FFI::new("char[$bytes]", false, true), 1, $bytes);
echo getmypid();
