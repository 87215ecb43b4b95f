<?php // frankenphp_log() with a message and a level of the request; ?case picks the context.
class Thing implements JsonSerializable
{
    public function jsonSerialize(): mixed
    {
        return error_log('asked') ? 'json' : null;
    }
}
$self = [];
$self['self'] = &$self;
$context = [
    'none' => [],
    'all' => [
        'null' => null, 'bool' => true, 'int' => -7, 'float' => 1.5, 'whole' => 2.0, 'string' => "line\n\"quote\" \u{e9}",
        'list' => [1, 'two', [3]], 'map' => ['k' => ['n' => false]], 5 => 'numbered', 'bytes' => "\xff", 'nan' => NAN,
    ],
    'list' => ['first', 'second'],
    'object' => ['deep' => [new Thing()]],
    'resource' => ['file' => fopen('php://memory', 'r')],
    'self' => $self,
    'large' => ['text' => str_repeat('x', 100000)],
][$_GET['case'] ?? 'none'];
try {
    frankenphp_log($_GET['message'] ?? 'logged', (int) ($_GET['level'] ?? 0), $context);
    echo 'ok';
} catch (RuntimeException $error) {
    echo $error->getMessage();
}
