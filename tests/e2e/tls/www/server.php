<?php // The variables that tell a script about TLS.
$names = ['HTTPS', 'REQUEST_SCHEME', 'SERVER_PORT', 'SSL_PROTOCOL', 'SERVER_NAME'];
echo json_encode(array_map(fn ($name) => $_SERVER[$name] ?? null, array_combine($names, $names)));
