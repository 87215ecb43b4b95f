#pragma once

// How much of a client's bytes lies where (docs/flow_control.md walks through them), and the times
// that are not settings. Everything a user may set is in options.h.

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace howdah::serve {

// --- from the client
// What one recv() may bring; also the size of the buffers that connections borrow from their loop.
inline constexpr size_t kReadBytes = 16 << 10;
// What one recv() may bring of a body.
inline constexpr size_t kBodyReadBytes = 64 << 10;
// A body nobody wants (a 404 for a POST) is read and dropped up to here, else the connection ends.
inline constexpr uint64_t kDiscardBytes = 64 << 10;

// --- to the client
// An answer whose end is seen before this many bytes gets an exact Content-Length.
inline constexpr size_t kBufferedAnswerBytes = 256 << 10;
// Answer bytes that wait for the client in memory; more of them go to the spool.
inline constexpr size_t kOutputHigh = 256 << 10;
// A held-back script goes on when this little waits.
inline constexpr size_t kOutputLow = 64 << 10;
// A flushed stream holds its script back when this much waits: what the script says is news.
inline constexpr size_t kStreamHigh = 64 << 10;
inline constexpr size_t kStreamLow = 16 << 10;
// One turn of sendfile() or of reading the spool, so that one client cannot hold up the loop.
inline constexpr size_t kFileTurnBytes = 1 << 20;
// A static file up to this size is read and goes out with its head in one call.
inline constexpr size_t kSmallFileBytes = 32 << 10;

// --- times
// After a refusal: how long what the client still sends is read and dropped, so that it can read
// the answer before a reset throws that away.
inline constexpr base::Nanos kLingerTime = 2 * base::kSecond;
inline constexpr uint64_t kLingerBytes = 16 << 20;
// After BODY_TIMEOUT a body must have come at this rate on average, looked at this often.
inline constexpr uint64_t kBodyBytesPerSecond = 500;
inline constexpr base::Nanos kBodyRateCheck = base::kSecond;
// Pause of accepting when descriptors have run out.
inline constexpr base::Nanos kAcceptPause = 100 * base::kMillisecond;

// --- encoded files
inline constexpr size_t kEncodingThreads = 2;
// Files that are being encoded or wait for it; more go out as they are.
inline constexpr size_t kQueuedEncodings = 64;
// What the cache counts for an entry beside its body and path.
inline constexpr uint64_t kEncodedEntryBytes = 512;

// --- of a loop
inline constexpr int kAcceptsPerPass = 64;
// Pipelined requests a connection may have answered before others get their turn.
inline constexpr int kExchangesPerTurn = 32;
// Objects kept for the next connection or exchange.
inline constexpr size_t kSpareConnections = 256;
inline constexpr size_t kSpareExchanges = 256;
inline constexpr size_t kSpareBuffers = 256;
// Memory of a spare exchange's buffers beyond this is given back.
inline constexpr size_t kKeptBytes = 64 << 10;

// Bytes of requests one connection takes in one turn of the loop.
inline constexpr size_t kInputTurnBytes = 256 << 10;

}  // namespace howdah::serve
