<?php

/**
 * The functions and constants of the extension `tokio_sapi`, which is part of the server: for editors and static
 * analysis. Nothing here is to be loaded. With USE_EXT=0 only the functions that PHP-FPM has remain: getallheaders(),
 * apache_request_headers(), apache_response_headers() and fastcgi_finish_request().
 */

/** For frankenphp_log(): of use while something is being looked for. */
const FRANKENPHP_LOG_LEVEL_DEBUG = -4;

/** For frankenphp_log(): what happens as it should. */
const FRANKENPHP_LOG_LEVEL_INFO = 0;

/** For frankenphp_log(): what should be looked at. */
const FRANKENPHP_LOG_LEVEL_WARN = 4;

/** For frankenphp_log(): what went wrong. */
const FRANKENPHP_LOG_LEVEL_ERROR = 8;

/**
 * The request's id: what the answer carries as X-Request-ID and every log line of the request as `ctx.request_id`.
 * The same as $_SERVER['TOKIO_REQUEST_ID'].
 *
 * @return string the client's own X-Request-ID when it is 1 to 128 visible ASCII characters, else one made from the
 *     trace; empty outside a request
 */
function tokio_request_id(): string {}

/**
 * The number of the worker that runs the script, from 0 on. A worker that is replaced leaves its number to its
 * successor.
 */
function tokio_worker_id(): int {}

/**
 * What serves this request.
 *
 * @return array{name: string, version: string, build: string, php_sapi: string, zts: bool, workers: int, mode: string}
 *     `name` is `howdah`; `build` says what the two programs were built from; `php_sapi` is PHP_SAPI; `zts` tells a
 *     thread-safe PHP; `workers` is the number of workers; `mode` is `process` or `thread`
 */
function tokio_server_info(): array {}

/**
 * More time for this request: its deadline becomes the later of the present one and $time seconds from now.
 *
 * For work that takes long and goes on: a call in each round instead of a large REQUEST_TIMEOUT for every request.
 *
 * @param int $time seconds from now
 *
 * @return bool false when there is no REQUEST_TIMEOUT, or when $time is not positive or larger than REQUEST_TIMEOUT;
 *     then nothing changes
 */
function tokio_request_heartbeat(int $time = 10): bool {}

/**
 * Completes the answer now and goes on with the script.
 *
 * Output buffers are ended and sent, and the client has all of its answer: a connection that is kept alive takes its
 * next request. What the script prints afterwards is dropped, header() says that the headers have been sent, flush()
 * does nothing. REQUEST_TIMEOUT ends here; max_execution_time does not. The worker is busy until the script ends, and
 * a shutdown of the server waits for it (DRAIN_TIMEOUT_SECS). A session stays locked until session_write_close().
 *
 * @return bool always true, also when the answer was complete before
 */
function tokio_finish_request(): bool {}

/**
 * The same as tokio_finish_request(), by the name that PHP-FPM has for it.
 *
 * @return bool false when the answer was complete before
 */
function fastcgi_finish_request(): bool {}

/**
 * The same as fastcgi_finish_request().
 *
 * @return bool false when the answer was complete before
 */
function frankenphp_finish_request(): bool {}

/**
 * Begins a stream: ends all output buffers and sends the head and what there is, without a Content-Length. Later
 * output goes out with tokio_stream_flush() or flush().
 *
 * @param int $status the answer's status, 200 to 599; whatever was set before counts no more
 *
 * @return bool false when the head had gone before (its status stays what it was; what was printed since then is sent
 *     all the same), or the answer is complete
 *
 * @throws ValueError for any other status
 */
function tokio_send_headers(int $status = 200): bool {}

/**
 * Empties the output buffers, which stay open, and sends everything printed so far.
 *
 * A client that does not keep up holds the script back here. One that has left ends it, unless ignore_user_abort is
 * on: connection_aborted() tells.
 *
 * @return bool false when the answer is no stream (tokio_is_streaming()); then nothing happens
 */
function tokio_stream_flush(): bool {}

/**
 * Whether the answer is a stream: it has begun to go out, by tokio_send_headers(), by flush() after the first output,
 * by headers_send(), or with the Content-Type text/event-stream, and it is not complete.
 */
function tokio_is_streaming(): bool {}

/**
 * Sends the headers set so far.
 *
 * With 100 to 199 as an interim answer: 103 (Early Hints) lets a browser load what `Link` headers name while the script
 * still works. The headers stay set and will be part of the answer too, unless header_remove() takes them out; the
 * status of the answer is not changed. It may be called several times. Clients of HTTP/1.0 get no interim answer, and
 * 101 is sent to nobody.
 *
 * With any other status as the head of the answer, at once; the rest is a stream.
 *
 * @param int $status
 *
 * @return int 1 when it was an interim answer; 0 when it was too late for one, and for every other status
 */
function headers_send(int $status = 200): int {}

/**
 * The headers of the request, `Name-In-Title-Case` => value.
 *
 * @return array<string, string>
 */
function getallheaders(): array {}

/**
 * The same as getallheaders().
 *
 * @return array<string, string>
 */
function apache_request_headers(): array {}

/**
 * The headers that the script has set so far, PHP's own included; of several with one name the last one.
 *
 * @return array<string, string>
 */
function apache_response_headers(): array {}

/**
 * The headers of the request as getallheaders() has them, but without Host.
 *
 * @return array<string, string>
 */
function frankenphp_request_headers(): array {}

/**
 * The same as apache_response_headers().
 *
 * @return array<string, string>|bool an array, in fact
 */
function frankenphp_response_headers(): array|bool {}

/**
 * Writes a line of type `app` into the server's log: $message as `msg`, the request's ids in `ctx`, $context in `data`.
 *
 * Dropped when the level is below LOG_LEVEL, and rather than making the script wait. A message is cut at 4 KiB; a
 * context that does not fit into a line of 8 KiB is left out, and the line says so.
 *
 * @param string $message
 * @param int $level a FRANKENPHP_LOG_LEVEL_ constant; what lies between two of them counts as the lower one
 * @param array $context null, bool, int, float, string, and arrays of these
 *
 * @throws RuntimeException when the context holds anything else
 */
function frankenphp_log(string $message, int $level = 0, array $context = []): void {}

/**
 * Worker mode: waits for a request, fills the superglobals with it, calls $callback, completes the answer.
 *
 * To be called in a loop by a worker script, which ends when there are no more requests. What $callback returns is
 * ignored; an exception that leaves it is reported, and the loop may go on; exit() in it ends the script, which then
 * starts again.
 *
 * @param callable $callback called without arguments
 *
 * @return bool true after a request; false when the script is to end: the worker is wanted no more
 *
 * @throws RuntimeException outside of a worker script, or inside of $callback
 */
function frankenphp_handle_request(callable $callback): bool {}
