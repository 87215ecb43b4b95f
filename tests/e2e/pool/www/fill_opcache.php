<?php
// Compiles a script that was never seen before and wastes the memory it takes in OPcache.
$file = $_GET['folder'] . '/' . bin2hex(random_bytes(8)) . '.php';
$code = '<?php return [';
for ($i = 0; $i < 4000; ++$i) {
    $code .= "'" . bin2hex(random_bytes(8)) . "' => 'value $i',";
}
file_put_contents($file, $code . '];');
echo count(include $file);
opcache_invalidate($file, true);
unlink($file);
