<?php // Backtracks for years, without a limit.
ini_set('pcre.jit', '0');
ini_set('pcre.backtrack_limit', '4000000000');
preg_match('/^(a|aa)+$/', str_repeat('a', 200) . 'b');
echo 'matched';
