#pragma once

// For tests: a client that speaks HTTP/2 (nghttp2's own), on the socket pair of ServeTest.

#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "serve/serve_fixture.h"

namespace howdah::serve {

class Http2Test : public ServeTest {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Seen {
    int status = 0;
    std::vector<int> interim;
    Fields fields;
    std::string body;
    bool ended = false;   // by END_STREAM
    bool closed = false;  // by that of both sides, or a reset
    uint32_t reset = 0;   // the reason, when the server reset it
    bool was_reset = false;
  };

  Http2Test() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    // The server's faults are the test's to find, and the client's are deliberate.
    nghttp2_option_set_no_http_messaging(option, 1);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_client_new2(&peer_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
  }
  ~Http2Test() override { nghttp2_session_del(peer_); }

  // Connects and exchanges SETTINGS. `window`: the client's for each stream.
  void begin(uint32_t window = 65535) {
    connect();
    nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(peer_, NGHTTP2_FLAG_NONE, &entry, 1);
    pump();
  }
  // Sends what the client has to say and takes what the server answers, until both are silent.
  void pump() {
    for (;;) {
      const uint8_t* bytes = nullptr;
      ssize_t size = nghttp2_session_mem_send(peer_, &bytes);
      if (size > 0) send({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
      std::string answer = receive();
      nghttp2_session_mem_recv(peer_, reinterpret_cast<const uint8_t*>(answer.data()),
                               answer.size());
      if (size <= 0 && answer.empty()) return;
    }
  }
  static Fields get(const std::string& path) {
    return {{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", path}};
  }
  static Fields post(const std::string& path) {
    return {{":method", "POST"}, {":scheme", "http"}, {":authority", "h"}, {":path", path}};
  }
  // A request that is complete with its head.
  int32_t ask(const Fields& fields) { return submit(fields, NGHTTP2_FLAG_END_STREAM); }
  // One whose body follows by send_body().
  int32_t begin_request(const Fields& fields) { return submit(fields, NGHTTP2_FLAG_NONE); }
  void send_body(int32_t stream, std::string_view body, bool last) {
    raw_frame(NGHTTP2_DATA, last ? NGHTTP2_FLAG_END_STREAM : 0, stream, body);
  }
  // A frame exactly as given.
  void raw_frame(uint8_t type, int flags, int32_t stream, std::string_view payload) {
    std::string frame;
    put_number(frame, payload.size(), 3);
    frame += static_cast<char>(type);
    frame += static_cast<char>(flags);
    put_number(frame, static_cast<uint64_t>(stream), 4);
    send(frame += payload);
    pump();
  }
  void reset(int32_t stream, uint32_t reason = NGHTTP2_CANCEL) {
    nghttp2_submit_rst_stream(peer_, NGHTTP2_FLAG_NONE, stream, reason);
    pump();
  }
  // Opens the stream's window, and the connection's.
  void open_window(int32_t stream, int32_t size) {
    nghttp2_submit_window_update(peer_, NGHTTP2_FLAG_NONE, stream, size);
    nghttp2_submit_window_update(peer_, NGHTTP2_FLAG_NONE, 0, size);
    pump();
  }
  std::string field(int32_t stream, std::string_view name) {
    for (auto& [key, value] : seen_[stream].fields) {
      if (key == name) return value;
    }
    return "(absent)";
  }
  static void put_number(std::string& out, uint64_t value, int bytes) {
    while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes));
  }

  nghttp2_session* peer_ = nullptr;
  std::map<int32_t, Seen> seen_;
  std::vector<std::pair<int32_t, uint32_t>> goaways_;  // last stream, reason
  const FakeQueue::Head ok_{200, {{"Content-Type", "text/plain"}}};

 private:
  int32_t submit(const Fields& fields, uint8_t flags) {
    std::vector<nghttp2_nv> pairs;
    auto bytes = [](const std::string& text) {
      return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
    };
    for (auto& [name, value] : fields) {
      pairs.push_back({bytes(name), bytes(value), name.size(), value.size(), 0});
    }
    int32_t stream =
        nghttp2_submit_headers(peer_, flags, -1, nullptr, pairs.data(), pairs.size(), nullptr);
    pump();
    return stream;
  }
  static Http2Test& test(void* user) { return *static_cast<Http2Test*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* user) {
    Seen& seen = test(user).seen_[frame->hd.stream_id];
    std::string key(reinterpret_cast<const char*>(name), name_size);
    std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") {
      int status = std::stoi(text);
      status < 200 ? seen.interim.push_back(status) : void(seen.status = status);
    }
    seen.fields.emplace_back(key, text);
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                     void* user) {
    test(user).seen_[stream].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Seen& seen = test(user).seen_[frame->hd.stream_id];
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      seen.was_reset = true;
      seen.reset = frame->rst_stream.error_code;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      test(user).goaways_.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code);
    }
    bool content = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (content && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) seen.ended = true;
    return 0;
  }
  static int on_close(nghttp2_session*, int32_t stream, uint32_t, void* user) {
    test(user).seen_[stream].closed = true;
    return 0;
  }
};

}  // namespace howdah::serve
