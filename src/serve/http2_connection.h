#pragma once

// One HTTP/2 client connection: bytes in, streams side by side, their answers in one stream of
// frames.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "http/http2_session.h"
#include "serve/connection.h"
#include "serve/flood_guard.h"
#include "serve/http2_stream.h"
#include "serve/services.h"

namespace howdah::serve {

// The session knows the protocol, a stream its request; this moves the bytes, keeps the time and
// the limits that all streams share. What a call makes to be sent waits for the end of the pass
// (run()), so that answers of several streams leave in one call; a large one does not wait. Streams
// that end inside the session's calls are let go of behind them (settle()).
class Http2Connection final : public Connection, private http::Http2Events {
 public:
  explicit Http2Connection(LoopServices& services);
  ~Http2Connection() override;

  Protocol protocol() const override { return Protocol::kHttp2; }
  void open(Client client) override;
  void run() override;
  bool scheduled() const override { return scheduled_; }
  void drain() override;
  void close() override;
  void list_requests(std::vector<pool::OpenRequest>& open) const override;

  // --- for its streams
  http::Http2Session& session() { return *session_; }
  const ConnectionAddresses& addresses() const { return addresses_; }
  void schedule();
  // Outside the session's calls, and with a socket that takes bytes.
  bool may_send_now() const { return !in_session_ && !blocked() && state_ == State::kOpen; }
  // Pulls frames and sends them, until the socket is full, a turn is over, or there are none.
  void flush();
  // The socket takes nothing.
  bool blocked() const { return !writable_ || !pending_.empty(); }
  bool window_is_shut() const { return session_->connection_window() <= 0; }
  void stream_answered(Http2Stream& stream) { answered_streams_.push_back(&stream); }
  void stream_closed(Http2Stream& stream) { closed_streams_.push_back(&stream); }
  void note_room(Http2Stream& stream) { with_room_.push_back(&stream); }
  // A DATA frame of `size` bytes where `most` were allowed.
  void frame_sent(size_t size, size_t most);
  size_t output_room() const {
    return kConnectionOutputBytes - std::min(kConnectionOutputBytes, output_memory_);
  }
  void output_memory_changed(size_t before, size_t after) { output_memory_ += after - before; }
  bool body_memory_is_full(size_t more) const { return body_memory_ + more > kConnectionBodyBytes; }
  void body_memory_changed(size_t before, size_t after) { body_memory_ += after - before; }

 private:
  enum class State {
    kOpen,
    kLingering,  // goodbye is out; what still comes is dropped, so that it can be read
    kClosed,
  };

  // --- http::Http2Events
  http::Http2StreamUser* open_stream(int32_t stream, size_t head_size) override;
  bool on_cost(http::Http2Cost cost, size_t amount) override;
  void on_pong() override;

  void on_ready(uint32_t events) override;
  void advance();
  void receive_all();
  bool receive_some();
  void watch_head();
  void give_session(std::string_view bytes);
  void send_pending();
  void send_gathered();
  void keep_rest(std::span<const iovec> pieces, size_t sent);
  void settle();
  void tell_room();
  void let_go(Http2Stream& stream);
  void let_all_go();
  void conclude();
  bool sending_last_words() const;
  void become_idle();
  void stop_accepting();
  void end_when_idle();
  void linger();
  void advance_linger();
  void on_idle_timer();
  void on_head_timer();
  void on_drain_timer() { end_when_idle(); }
  void on_blocked_timer();

  LoopServices& services_;
  State state_ = State::kClosed;
  net::ClientSocket socket_;
  ConnectionAddresses addresses_;
  bool readable_ = false;
  bool writable_ = false;
  bool hung_up_ = false;
  bool input_ended_ = false;  // the client sends no more
  bool scheduled_ = false;
  bool in_session_ = false;
  bool broken_ = false;   // to be closed at the next advance()
  bool flooded_ = false;  // likewise, after the goodbye
  bool stopped_ = false;  // the last GOAWAY has been said, and for no fault
  bool draining_ = false;
  size_t turn_bytes_ = 0;
  base::Buffer input_;  // what came with open()
  std::unique_ptr<http::Http2Session> session_;
  FloodGuard guard_;

  std::vector<std::unique_ptr<Http2Stream>> streams_;
  std::vector<Http2Stream*> answered_streams_;
  std::vector<Http2Stream*> closed_streams_;
  std::vector<Http2Stream*> with_room_;
  std::vector<Http2Stream*> told_room_;  // while tell_room() runs
  size_t head_bytes_ = 0;
  size_t body_memory_ = 0;
  size_t output_memory_ = 0;

  base::Buffer pending_;  // what the socket did not take of the last send()
  base::Nanos last_output_ = 0;
  uint64_t lingered_bytes_ = 0;

  net::MemberTimer<Http2Connection, &Http2Connection::on_idle_timer> idle_timer_{*this};
  net::MemberTimer<Http2Connection, &Http2Connection::on_head_timer> head_timer_{*this};
  net::MemberTimer<Http2Connection, &Http2Connection::on_drain_timer> drain_timer_{*this};
  net::MemberTimer<Http2Connection, &Http2Connection::on_blocked_timer> blocked_timer_{*this};
};

}  // namespace howdah::serve
