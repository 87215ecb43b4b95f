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
// Interim heads that one answer may have; more are dropped.
inline constexpr uint32_t kInterimHeads = 32;
// A held-back script goes on when this little waits.
inline constexpr size_t kOutputLow = 64 << 10;
// For how long in all the script of an answer is held back before the spool takes what the client
// does not: a client on a fast line takes the answer as fast as PHP makes it.
inline constexpr base::Nanos kPatience = 100 * base::kMillisecond;
// A flushed stream holds its script back when this much waits: what the script says is news.
inline constexpr size_t kStreamHigh = 64 << 10;
inline constexpr size_t kStreamLow = 16 << 10;
// Copying so much costs less than one more piece in a call of the kernel.
inline constexpr size_t kCopiedBytes = 2 << 10;
// One turn of sendfile() or of reading the spool, so that one client cannot hold up the loop.
inline constexpr size_t kFileTurnBytes = 1 << 20;
// A static file up to this size is kept in memory and goes out with its head in one call.
inline constexpr size_t kSmallFileBytes = 32 << 10;
// What is read at a time of a file that is sent as several ranges.
inline constexpr size_t kRangePieceBytes = 32 << 10;

// --- times
// After a refusal: how long what the client still sends is read and dropped, so that it can read
// the answer before a reset throws that away.
inline constexpr base::Nanos kLingerTime = 2 * base::kSecond;
inline constexpr uint64_t kLingerBytes = 16 << 20;
// Dropped of what a client has sent that is turned away at once.
inline constexpr size_t kTurnAwayBytes = 1 << 20;
// After BODY_TIMEOUT a body must have come at this rate on average, looked at this often.
inline constexpr uint64_t kBodyBytesPerSecond = 500;
inline constexpr base::Nanos kBodyRateCheck = base::kSecond;
// The longest wait for what other servers have counted of a client (RATE_LIMIT_STORE).
inline constexpr base::Nanos kAdmissionTime = 50 * base::kMillisecond;
// A TLS handshake, where HEADER_TIMEOUT_SECS sets no limit.
inline constexpr base::Nanos kHandshakeTime = 10 * base::kSecond;
// Pause of accepting when descriptors have run out.
inline constexpr base::Nanos kAcceptPause = 100 * base::kMillisecond;
// Between two log lines of a loop about clients that were refused, or could not be accepted.
inline constexpr base::Nanos kRefusalLogGap = 10 * base::kSecond;

// What was seen of a file is believed for this long; CONTRACT section 3 allows no more.
inline constexpr base::Nanos kFileTrust = base::kSecond;
// A file that was changed less than this before it was read may be changed again within the
// resolution of its times: what was read of it is not believed for longer than kFileTrust.
inline constexpr base::Nanos kFileSettles = base::kSecond;

// A larger static page goes out without the tag of `--watch`.
inline constexpr uint64_t kMostOfTaggedFile = 4 << 20;

// How often a small file is read again when it changes meanwhile.
inline constexpr int kFileReadTries = 4;

// --- encoded files
inline constexpr size_t kEncodingThreads = 2;
// Files that are being encoded or wait for it; more go out as they are.
inline constexpr size_t kQueuedEncodings = 64;
// What the cache counts for an entry beside its body and path.
inline constexpr uint64_t kEncodedEntryBytes = 512;

// --- of a loop
// Files and directories it remembers, and the contents among them. A longer path is not remembered.
inline constexpr size_t kCachedFiles = 2048;
inline constexpr size_t kCachedFileBytes = 16 << 20;
inline constexpr size_t kCachedPathBytes = 512;
inline constexpr int kAcceptsPerPass = 64;
// Pipelined requests a connection may have answered before others get their turn.
inline constexpr int kExchangesPerTurn = 32;
// How often openat2() is asked again when renames disturb it.
inline constexpr int kBeneathTries = 8;
// Objects kept for the next connection or exchange.
inline constexpr size_t kSpareConnections = 256;
inline constexpr size_t kSpareExchanges = 256;
inline constexpr size_t kSpareBuffers = 256;
// Memory of a spare exchange's buffers beyond this is given back.
inline constexpr size_t kKeptBytes = 64 << 10;

// Bytes of requests one connection takes in one turn of the loop.
inline constexpr size_t kInputTurnBytes = 256 << 10;

// --- HTTP/2: one client with all its streams
inline constexpr uint32_t kStreams = 128;
inline constexpr size_t kHeadFields = 256;
// What a client may send before it is told that there is more room. Bodies are taken as they come
// (memory, then the spool), so these bound what is under way, not what is kept.
inline constexpr uint32_t kStreamWindow = 256 << 10;
inline constexpr uint32_t kConnectionWindow = 1 << 20;
// Heads of all open requests; a stream beyond it is refused and may be tried again.
inline constexpr size_t kConnectionHeadBytes = 1 << 20;
// Request bodies of all streams in memory; beyond it they go to the spool at once.
inline constexpr size_t kConnectionBodyBytes = 1 << 20;
// Answer bytes of all streams in memory; more of them go to the spool.
inline constexpr size_t kConnectionOutputBytes = 1 << 20;
// One send(): what the socket does not take of it is copied and waits.
inline constexpr size_t kGatherBytes = 128 << 10;
// The largest frame that is sent, with its head.
inline constexpr size_t kGatherPiece = (16 << 10) + 64;
// An answer's part of so many bytes goes from where it lies to the socket, without a copy.
inline constexpr size_t kDirectBytes = 8 << 10;
// Frames that wait for a client that does not read: beyond it nothing more is read from it.
inline constexpr size_t kWaitingFrames = 512;
// An answer's head: twice what a worker may say (channel/limits.h), in nghttp2's count.
inline constexpr size_t kSentHeadBytes = 256 << 10;
// Streams kept for the next request.
inline constexpr size_t kSpareStreams = 256;
// Between the two GOAWAY of a drain, for a client that does not answer the PING between them.
inline constexpr base::Nanos kGoawayGrace = base::kSecond;

// --- HTTP/2: floods. What a client sends much of for little; past a limit it is told GOAWAY
// ENHANCE_YOUR_CALM and the connection ends. `burst` at once, then `per_second`.
struct FloodLimit {
  uint64_t burst;
  uint64_t per_second;
};
// RST_STREAM: each request costs, its end frees the stream for the next (CVE-2023-44487, rapid
// reset; CVE-2019-9514).
inline constexpr FloodLimit kResetLimit{400, 40};
// The same by making the server reset: bad frames on good streams (CVE-2025-8671, MadeYouReset),
// malformed heads, refused streams.
inline constexpr FloodLimit kProvokedResetLimit{200, 20};
// Each is acknowledged (CVE-2019-9515).
inline constexpr FloodLimit kSettingsLimit{32, 2};
// Each is answered (CVE-2019-9512).
inline constexpr FloodLimit kPingLimit{200, 20};
// PRIORITY and PRIORITY_UPDATE: read for nothing (CVE-2019-9513).
inline constexpr FloodLimit kPriorityLimit{400, 100};
// Windows opened a few bytes at a time make many small frames of an answer (CVE-2019-9511). Two
// are free for every frame that was sent and not made small by its window.
inline constexpr FloodLimit kWindowUpdateLimit{1000, 200};
// DATA, HEADERS, CONTINUATION with neither content nor end (CVE-2019-9518).
inline constexpr FloodLimit kEmptyFrameLimit{100, 10};
// A body in frames of less than 64 bytes.
inline constexpr FloodLimit kSmallDataLimit{4000, 500};
// Bytes beside heads and bodies: whatever else there is, padding and unknown frames too.
inline constexpr FloodLimit kOverheadByteLimit{2 << 20, 128 << 10};
// CONTINUATION frames of one head (CVE-2024-28182 and its like in others); one more is too many.
inline constexpr size_t kContinuations = 8;
inline constexpr FloodLimit kContinuationLimit{0, 1};
// Entries of one SETTINGS frame.
inline constexpr size_t kSettingsEntries = 32;

}  // namespace howdah::serve
