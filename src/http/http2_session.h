#pragma once

// The server's side of HTTP/2: bytes of a connection in, requests out; answers in, bytes out.
//
// nghttp2 has the frames, the states of streams, the windows and the header compression; this class
// gives it the rules of ours (http2_head.h), and its callbacks types. There is no socket and no
// clock here: what a peer costs beside its requests is told as it happens, and the user, who knows
// the time, says when it is too much.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/http2_head.h"
#include "http/http2_limits.h"
#include "http/message.h"

struct nghttp2_session;

namespace howdah::http {

// What a client sends first (RFC 9113 3.4). No request of HTTP/1 begins so.
inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// RFC 9113 section 7.
enum class Http2Error : uint32_t {
  kNone = 0x0,
  kProtocol = 0x1,
  kInternal = 0x2,
  kFlowControl = 0x3,
  kStreamClosed = 0x5,
  kFrameSize = 0x6,
  kRefusedStream = 0x7,  // nothing was done for it: the client may try again
  kCancel = 0x8,
  kCompression = 0x9,
  kEnhanceYourCalm = 0xb,
};

// What a peer can send much of for little, and the receiver pays for.
enum class Http2Cost : uint8_t {
  kReset,          // RST_STREAM from the peer
  kProvokedReset,  // RST_STREAM from here, for something the peer did
  kSettings,       // SETTINGS
  kPing,           // PING
  kPriority,       // PRIORITY, PRIORITY_UPDATE
  kWindowUpdate,   // WINDOW_UPDATE
  kEmptyFrame,     // DATA, HEADERS or CONTINUATION with nothing in it and after it
  kSmallData,      // DATA of a few bytes
  kContinuation,   // CONTINUATION beyond Http2Limits::max_continuations; the connection ends anyway
  kOverheadByte,   // bytes that are neither of a head nor of a body: frame heads, padding, the rest
};
inline constexpr size_t kHttp2Costs = 10;

// Where a session puts what is to be sent. Used inside Http2Session::pull() alone.
class Http2Output {
 public:
  virtual ~Http2Output() = default;
  // Copies.
  virtual void append(std::string_view bytes) = 0;
  // No further frame, for now.
  virtual bool full() const = 0;
};

// One stream as the session's user has it, from Http2Events::open_stream() to on_closed().
class Http2StreamUser {
 public:
  virtual ~Http2StreamUser() = default;
  // The head is complete: comes first. `request.head()` may be swapped away; its bytes end with the
  // call.
  virtual void on_request(Http2HeadReader& request, bool ends_stream) = 0;
  // Instead of on_request(): answer with request.refusal(), whatever follows.
  virtual void on_refused(Http2HeadReader& request) = 0;
  // Bytes of the request's body; Http2Session::consume() opens the windows again.
  virtual void on_body(std::string_view bytes) = 0;
  // The request is complete.
  virtual void on_end() = 0;
  // The end of the answer has been pulled, and the request is not complete: reset() with kNone lets
  // the client stop (RFC 9113 8.1).
  virtual void on_answered_early() = 0;
  // Over, for whatever reason; the session knows the stream no more. Inside receive() or pull().
  virtual void on_closed(Http2Error reason) = 0;

  // What the answer's next DATA frame holds.
  struct Offer {
    enum class Kind : uint8_t {
      kData,  // `size` bytes, which put() will be asked for
      kWait,  // nothing before Http2Session::resume()
      kFull,  // nothing more in this pull()
      kCut,   // the answer ends here and is not complete: the stream is reset
    };
    Kind kind = Kind::kWait;
    size_t size = 0;
    bool last = false;  // nothing follows it
  };
  virtual Offer offer(size_t most) = 0;
  // The bytes just offered, into the output of the present pull().
  virtual void put(size_t size) = 0;
};

// The connection as the session's user has it. Called inside Http2Session::receive() and pull().
class Http2Events {
 public:
  virtual ~Http2Events() = default;
  // A request whose head has so many bytes. Null: there is no room, the stream is refused with
  // kRefusedStream and the client may try again.
  virtual Http2StreamUser* open_stream(int32_t stream, size_t head_size) = 0;
  // False: that is too much, the connection ends with kEnhanceYourCalm.
  virtual bool on_cost(Http2Cost cost, size_t amount) = 0;
  // The peer answered ping().
  virtual void on_pong() = 0;
};

// One per connection, used by its loop's thread alone. Its end closes no stream: the user knows
// which are open.
class Http2Session {
 public:
  Http2Session(const Http2Limits& limits, Http2Events& events);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Takes all of `bytes`. What is wrong with them is answered by pull().
  void receive(std::string_view bytes);
  // Puts frames into `output` until it is full or there is nothing to send.
  void pull(Http2Output& output);
  // There is something to pull, unless windows or streams hold it back.
  bool wants_output() const;
  // Frames that wait for pull(), without those of bodies.
  size_t waiting_frames() const;
  // Nothing will be read or sent any more: one side has said goodbye and no stream is left, or the
  // peer broke the protocol, or end() was called.
  bool finished() const;
  // A head has begun and is not complete.
  bool inside_head() const { return inside_head_; }

  // --- an answer: begin_head(), add_field() for each, then one of the others. Names may be in any
  // letter case; views must stay until that.
  void begin_head(int status);
  void add_field(std::string_view name, std::string_view value);
  void send_interim(int32_t stream);
  enum class Body { kNone, kOffered };
  void send_head(int32_t stream, Body body);
  // Something can be offered again.
  void resume(int32_t stream);
  void reset(int32_t stream, Http2Error reason);
  // `size` bytes of the body are done with. Without a stream that is still open only the
  // connection's window moves.
  void consume(int32_t stream, size_t size);
  void consume_connection(size_t size);
  // What the client lets through on the stream, whatever the connection's window.
  int32_t window(int32_t stream) const;
  int32_t connection_window() const;

  // --- the end
  // Tells the client to begin no more, without saying yet which streams were the last.
  void announce_end();
  void ping();
  // No stream after those that have begun.
  void stop_accepting();
  // Says goodbye with `reason` and takes nothing more.
  void end(Http2Error reason);

 private:
  friend struct Http2Callbacks;

  void submit_settings();
  int on_begin_frame(uint8_t type, uint8_t flags, int32_t stream, size_t length);
  void on_begin_head(bool request);
  void on_field(int32_t stream, std::string_view name, std::string_view value);
  void on_head(int32_t stream, bool ends_stream);
  void open(int32_t stream, bool ends_stream);
  void share_fairly(int32_t stream);
  void on_end_sent(int32_t stream);
  void on_reset_sent(Http2Error reason);
  int cost(Http2Cost cost, size_t amount = 1);
  int fault(Http2Error reason);
  void fail(int code);

  const Http2Limits limits_;
  Http2Events& events_;
  nghttp2_session* session_ = nullptr;
  Http2HeadReader reader_;
  Http2Output* output_ = nullptr;  // inside pull()
  char status_[3] = {};
  std::vector<Field> fields_;
  size_t useful_ = 0;        // bytes of heads and bodies in the present receive()
  size_t trailer_size_ = 0;  // of the present trailer section
  bool reading_trailer_ = false;
  bool inside_head_ = false;
  bool ended_ = false;
  std::optional<Http2Error> fault_;  // found inside a callback
};

}  // namespace howdah::http
