<?php
setcookie('one', '1', ['path' => '/', 'httponly' => true]);
setcookie('two', 'a b;c');
header('Set-Cookie: three=3', false);
