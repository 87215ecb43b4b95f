<?php

declare(strict_types=1);

use Monolog\Formatter\FormatterInterface;

/**
 * Monolog records in the form of the server's log: one JSON object a line, with the ids of the request.
 *
 *     $handler = new Monolog\Handler\StreamHandler('php://stderr');
 *     $handler->setFormatter(new TokioPhpFormatter());
 *
 * The server passes such a line through as it is. Monolog 2 (records are arrays) and 3 (Monolog\LogRecord).
 *
 * format() does not throw, whatever a record holds, and a line is never longer than $maxBytes: what does not fit is
 * shortened first and then left out, and `data.truncated` says so. Up to 4096 bytes a write to a pipe is atomic, so that
 * lines of several threads do not mix; the server cuts lines of more than 8000 bytes.
 */
class TokioPhpFormatter implements FormatterInterface
{
    private const JSON = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION
        | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR;

    /** What a value may be in size, from the first try to the last: levels, values in all, bytes of a string. */
    private const TRIES = [[8, 500, 4096], [5, 100, 512], [3, 20, 128]];

    private const SHORTEST_LINE = 2048;
    private const REST_OF_LINE = 1536;
    private const LONGEST_LINE = 8000;

    private readonly string $service;
    private readonly int $maxBytes;

    private int $levels;
    private int $valuesLeft;
    private int $stringBytes;
    private bool $truncated;

    /** $service: `ctx.service`; empty = SERVICE_NAME of the environment, else "howdah". */
    public function __construct(string $service = '', int $maxBytes = 4096)
    {
        $this->service = $service ?: (getenv('SERVICE_NAME') ?: 'howdah');
        $this->maxBytes = max(self::SHORTEST_LINE, min($maxBytes, self::LONGEST_LINE));
    }

    /**
     * @param array|Monolog\LogRecord $record
     */
    public function format($record): string
    {
        $level = is_array($record) ? $record['level'] : $record->level->value;
        $record = is_array($record) ? $record : [
            'datetime' => $record->datetime, 'message' => $record->message, 'context' => $record->context,
            'extra' => $record->extra, 'channel' => $record->channel,
        ];
        $head = [
            'ts' => self::time($record['datetime']),
            'level' => self::levelName($level),
            'type' => 'app',
            'msg' => (string) $record['message'],
            'ctx' => $this->context(),
        ];
        foreach (self::TRIES as $limits) {
            $line = self::encode($head + ['data' => $this->data($record, $limits)]);
            if (strlen($line) <= $this->maxBytes) {
                return $line;
            }
        }
        // A byte becomes at most six ("\u0001"); the rest of the line, four ids of 32 bytes among it, is shorter than that.
        $head['msg'] = self::cut($head['msg'], intdiv($this->maxBytes - self::REST_OF_LINE, 6));
        $head['ctx'] = array_map(fn (string $text) => self::cut($text, 32), $head['ctx']);
        return self::encode($head + ['data' => ['truncated' => true]]);
    }

    public function formatBatch(array $records): string
    {
        return implode('', array_map($this->format(...), $records));
    }

    private static function encode(array $line): string
    {
        return json_encode($line, self::JSON) . "\n";
    }

    private static function time(DateTimeInterface $time): string
    {
        return DateTimeImmutable::createFromInterface($time)->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.v\Z');
    }

    /** The server's log has four levels. */
    private static function levelName(int $level): string
    {
        return match (true) {
            $level < 200 => 'debug',
            $level < 300 => 'info',
            $level < 400 => 'warn',
            default => 'error',
        };
    }

    /** Ids that are missing, as outside a request, are left out. */
    private function context(): array
    {
        $found = [
            'service' => $this->service,
            'request_id' => function_exists('tokio_request_id') ? tokio_request_id() : ($_SERVER['TOKIO_REQUEST_ID'] ?? ''),
            'trace_id' => $_SERVER['TRACE_ID'] ?? '',
            'span_id' => $_SERVER['SPAN_ID'] ?? '',
        ];
        return array_filter($found, fn ($value) => is_string($value) && $value !== '');
    }

    private function data(array $record, array $limits): array
    {
        [$this->levels, $this->valuesLeft, $this->stringBytes] = $limits;
        $this->truncated = false;
        $data = $this->members($record['context'], 1) + ['channel' => $record['channel']];
        if ($record['extra'] !== []) {
            $data += ['extra' => $this->plain($record['extra'], 1)];
        }
        return $this->truncated ? ['truncated' => true] + $data : $data;
    }

    /** A value that json_encode() takes, within the limits. */
    private function plain(mixed $value, int $level): mixed
    {
        --$this->valuesLeft;
        if (is_string($value)) {
            return $this->text($value);
        }
        if (is_float($value) && !is_finite($value)) {
            return is_nan($value) ? 'NAN' : ($value > 0 ? 'INF' : '-INF');
        }
        if ($value === null || is_scalar($value)) {
            return $value;
        }
        if ($level > $this->levels) {
            $this->truncated = true;
            return '[' . get_debug_type($value) . ']';
        }
        if (is_array($value)) {
            return $this->members($value, $level + 1);
        }
        try {
            return is_object($value) ? $this->object($value, $level) : '[' . get_debug_type($value) . ']';
        } catch (Throwable $error) {
            // A method of the object's own.
            return '[' . get_debug_type($value) . ': ' . get_debug_type($error) . ' while it was logged]';
        }
    }

    private function members(array $values, int $level): array
    {
        $found = [];
        foreach ($values as $key => $value) {
            if ($this->valuesLeft <= 0) {
                $this->truncated = true;
                break;
            }
            $found[is_string($key) ? $this->text($key) : $key] = $this->plain($value, $level);
        }
        return $found;
    }

    private function object(object $value, int $level): mixed
    {
        return match (true) {
            $value instanceof Throwable => $this->members($this->describe($value), $level + 1),
            $value instanceof DateTimeInterface => $value->format(DateTimeInterface::RFC3339_EXTENDED),
            $value instanceof BackedEnum => $this->plain($value->value, $level),
            $value instanceof UnitEnum => $value->name,
            $value instanceof JsonSerializable => $this->plain($value->jsonSerialize(), $level + 1),
            $value instanceof Stringable => $this->text((string) $value),
            $value instanceof Closure => '[Closure]',
            default => [get_debug_type($value) => $this->members(get_object_vars($value), $level + 1)],
        };
    }

    /** Without the arguments of the calls: they may hold secrets. */
    private function describe(Throwable $error): array
    {
        $found = [
            'class' => get_debug_type($error),
            'message' => $error->getMessage(),
            'code' => $error->getCode(),
            'file' => $error->getFile() . ':' . $error->getLine(),
        ];
        foreach ($error->getTrace() as $frame) {
            if (isset($frame['file'])) {
                $found['trace'][] = $frame['file'] . ':' . $frame['line'];
            }
        }
        return $error->getPrevious() === null ? $found : $found + ['previous' => $error->getPrevious()];
    }

    private function text(string $text): string
    {
        if (strlen($text) <= $this->stringBytes) {
            return $text;
        }
        $this->truncated = true;
        return self::cut($text, $this->stringBytes);
    }

    /** At most $bytes, not in the middle of a UTF-8 sequence. */
    private static function cut(string $text, int $bytes): string
    {
        if (strlen($text) <= $bytes) {
            return $text;
        }
        for ($back = 0; $back < 3 && (ord($text[$bytes - $back]) & 0xC0) === 0x80; ++$back);
        return substr($text, 0, $bytes - $back);
    }
}
