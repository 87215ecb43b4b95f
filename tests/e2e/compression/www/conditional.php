<?php // Compares entity tags as frameworks do: weakly.
header('ETag: "v1"');
if (str_replace('W/', '', $_SERVER['HTTP_IF_NONE_MATCH'] ?? '') === '"v1"') {
    http_response_code(304);
    exit;
}
echo str_repeat('text ', 1000);
