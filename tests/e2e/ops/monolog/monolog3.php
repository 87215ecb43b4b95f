<?php // A record of Monolog 3, whose shape these declarations have: Debian has no package of it.

namespace Monolog {
    enum Level: int
    {
        case Debug = 100;
        case Notice = 250;
        case Warning = 300;
        case Alert = 550;
    }

    class LogRecord
    {
        public function __construct(
            public readonly \DateTimeImmutable $datetime,
            public readonly string $channel,
            public readonly Level $level,
            public readonly string $message,
            public readonly array $context = [],
            public array $extra = [],
            public mixed $formatted = null,
        ) {
        }
    }
}

namespace Monolog\Formatter {
    use Monolog\LogRecord;

    interface FormatterInterface
    {
        public function format(LogRecord $record);

        public function formatBatch(array $records);
    }
}

namespace {
    require __DIR__ . '/TokioPhpFormatter.php';

    $formatter = new TokioPhpFormatter();
    $time = new DateTimeImmutable('2024-02-03 04:05:06.789 +09:00');
    $records = array_map(
        fn (Monolog\Level $level) => new Monolog\LogRecord($time, 'shop', $level, $level->name, ['n' => 1], ['host' => 'a']),
        Monolog\Level::cases(),
    );
    $lines = array_map($formatter->format(...), $records);
    echo json_encode(['lines' => $lines, 'batch' => $formatter->formatBatch($records), 'id' => tokio_request_id()]);
}
