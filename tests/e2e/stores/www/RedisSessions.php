<?php // A session handler of the script's own over Redis' protocol, with a lock for each session.
class RedisSessions implements SessionHandlerInterface
{
    private $stream;
    private string $locked = '';
    private string $token = '';

    public function __construct(private readonly string $socket)
    {
    }

    public function open(string $path, string $name): bool
    {
        $this->stream = @stream_socket_client("unix://$this->socket", timeout: 5);
        return $this->stream !== false;
    }

    public function read(string $id): string|false
    {
        $this->token = bin2hex(random_bytes(8));
        $deadline = hrtime(true) + 20_000_000_000;
        while ($this->command('SET', "lock:$id", $this->token, 'NX', 'PX', '30000') !== 'OK') {
            if (hrtime(true) > $deadline) {
                return false;
            }
            usleep(1000);
        }
        $this->locked = $id;
        return $this->command('GET', "session:$id") ?? '';
    }

    public function write(string $id, string $data): bool
    {
        return $this->command('SET', "session:$id", $data, 'EX', '1440') === 'OK';
    }

    public function close(): bool
    {
        if ($this->locked !== '' && $this->command('GET', "lock:$this->locked") === $this->token) {
            $this->command('DEL', "lock:$this->locked");
        }
        $this->locked = '';
        return fclose($this->stream);
    }

    public function destroy(string $id): bool
    {
        $this->command('DEL', "session:$id");
        return true;
    }

    public function gc(int $lifetime): int|false
    {
        return 0;
    }

    private function command(string ...$words): ?string
    {
        $text = '*' . count($words) . "\r\n";
        foreach ($words as $word) {
            $text .= '$' . strlen($word) . "\r\n$word\r\n";
        }
        fwrite($this->stream, $text);
        $line = rtrim((string) fgets($this->stream), "\r\n");
        if ($line === '' || $line[0] === '-') {
            throw new RuntimeException("Redis: $line");
        }
        if ($line[0] !== '$') {
            return substr($line, 1);
        }
        $size = (int) substr($line, 1);
        return $size < 0 ? null : substr(stream_get_contents($this->stream, $size + 2), 0, $size);
    }
}
