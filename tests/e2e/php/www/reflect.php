<?php // What reflection tells of the server's extension, and whether a text given as the body is PHP.
$signature = function (string $name): string {
    $function = new ReflectionFunction($name);
    $parameters = array_map(
        fn ($one) => $one->getType() . ' $' . $one->getName()
            . ($one->isDefaultValueAvailable() ? ' = ' . json_encode($one->getDefaultValue()) : ''),
        $function->getParameters()
    );
    return $name . '(' . implode(', ', $parameters) . '): ' . $function->getReturnType();
};
$extension = extension_loaded('tokio_sapi') ? new ReflectionExtension('tokio_sapi') : null;
$input = file_get_contents('php://input');
echo json_encode([
    'functions' => array_map($signature, array_keys($extension?->getFunctions() ?? [])),
    'constants' => $extension?->getConstants() ?? [],
    'version' => $extension?->getVersion(),
    'tokens' => $input === '' ? 0 : count(token_get_all($input, TOKEN_PARSE)),
]);
