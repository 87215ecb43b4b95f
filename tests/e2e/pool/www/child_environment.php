<?php // What a program that PHP starts inherits from the server.
$run = fn (string $command) => shell_exec($command);
echo json_encode([
    'signals' => $run('grep -E "^Sig(Blk|Ign)" /proc/self/status'),
    'files' => trim($run('ls /proc/self/fd | sort -n | tr "\n" " "')),
    'environment' => $run('env'),
    'limit' => trim($run('ulimit -Sn')),
    'capabilities' => $run('grep -E "^Cap(Inh|Amb|Eff|Prm)" /proc/self/status'),
]);
