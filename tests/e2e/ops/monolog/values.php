<?php // The lines of records whose values are odd, as the formatter makes them: a JSON list of strings.
require_once 'Monolog/autoload.php';
require_once __DIR__ . '/TokioPhpFormatter.php';

class Hostile implements JsonSerializable
{
    public function jsonSerialize(): mixed
    {
        throw new LogicException('no');
    }
}

class Endless implements JsonSerializable
{
    public function jsonSerialize(): mixed
    {
        return [new self()];
    }
}

enum Suit: string
{
    case Hearts = 'H';
}

class Point
{
    public $x = 1;
    private $y = 2;
}

function nested(int $levels): array
{
    return $levels === 0 ? [] : ['deeper' => nested($levels - 1)];
}

$loop = ['name' => 'loop'];
$loop['itself'] = &$loop;
$ring = new stdClass();
$ring->ring = $ring;
$stream = fopen('php://memory', 'r');
$closed = fopen('php://memory', 'r');
fclose($closed);

$values = [
    'invalid' => ["bad \xff text", "\xc3" => 'key'],
    'control' => "a\nb\0c",
    'unicode' => 'Ünï/cödé',
    'numbers' => [INF, -INF, NAN, 1.0, 0.1, PHP_INT_MAX],
    'words' => [true, null],
    'loop' => $loop,
    'ring' => $ring,
    'deep' => nested(2000),
    'resources' => [$stream, $closed],
    'hostile' => new Hostile(),
    'endless' => new Endless(),
    'enum' => Suit::Hearts,
    'time' => new DateTime('2024-02-03 04:05:06.789', new DateTimeZone('Asia/Tokyo')),
    'object' => new Point(),
    'closure' => fn () => 1,
    'anonymous' => new class {},
    'list' => [1, 2],
    'empty' => [],
    'nul_key' => ["\0k" => 1],
    'error' => new ErrorException('first', 1, E_ERROR, 'a.php', 3, new PDOException('second')),
    'long_text' => str_repeat('ä', 1_000_000),
    'long_list' => range(1, 1_000_000),
    'long_control' => str_repeat("\1", 100_000),
    'many_long' => array_fill(0, 1000, str_repeat('y', 1000)),
    'long_keys' => array_fill_keys(array_map(fn ($n) => str_repeat("$n\1", 5000), range(1, 50)), 1),
];

$formatter = new TokioPhpFormatter('svc');
$lines = [];
foreach ($values as $name => $value) {
    $time = new DateTime('2024-02-03 04:05:06.789', new DateTimeZone('Asia/Tokyo'));
    $record = ['message' => $name, 'context' => [$name => $value], 'level' => 200, 'level_name' => 'INFO', 'channel' => 'c', 'datetime' => $time, 'extra' => []];
    $lines[$name] = $formatter->format($record);
}
foreach (["\1", "\xff", 'x', '"', "\u{1F600}"] as $character) {
    $record['message'] = str_repeat($character, 1_000_000);
    $lines['message ' . bin2hex($character)] = $formatter->format($record);
}
// Context that has the names of the formatter's own members, or none at all.
$record['message'] = 'names';
$lines['names'] = $formatter->format(['context' => ['channel' => 'mine', 'extra' => 'mine'], 'extra' => ['theirs']] + $record);
$lines['none'] = $formatter->format(['context' => []] + $record);
$lines['batch'] = $formatter->formatBatch([['context' => []] + $record, ['context' => []] + $record]);
echo json_encode($lines, JSON_THROW_ON_ERROR);
