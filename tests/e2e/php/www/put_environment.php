<?php // Assigns to the environment, and says what it and a process that it starts see a moment later.
for ($i = 0; $i < 20; $i++) putenv("APP_$i={$_GET['value']}");
usleep(1000);
$own = array_map(fn ($i) => getenv("APP_$i"), range(0, 19));
echo json_encode(['own' => $own, 'child' => trim(shell_exec('echo $APP_0'))]);
