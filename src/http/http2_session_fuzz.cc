// Frames of a client, behind its preface: each stream is told of in order and ends once, whatever
// comes and however it is cut. The input is a byte of the pieces' size, then the frames.

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "http/http2_session.h"

namespace howdah::http {
namespace {

constexpr Http2Limits kLimits{.max_head = 4096, .max_fields = 32, .max_streams = 8};
// Costs that a connection may have before it is ended.
constexpr size_t kPatience = 200;

void require(bool holds) {
  if (!holds) std::abort();
}

class Sink final : public Http2Output {
 public:
  void append(std::string_view bytes) override { size_ += bytes.size(); }
  bool full() const override { return size_ > (64 << 10); }

 private:
  size_t size_ = 0;
};

class Connection;

// Answers what it can at once: ten bytes.
class Stream final : public Http2StreamUser {
 public:
  Stream(Connection& connection, int32_t id) : connection_(connection), id_(id) {}
  void on_request(Http2HeadReader& request, bool ends_stream) override;
  void on_refused(Http2HeadReader& request) override;
  void on_body(std::string_view bytes) override;
  void on_end() override;
  void on_answered_early() override;
  void on_closed(Http2Error reason) override;
  Offer offer(size_t most) override {
    require(answered_);
    size_t size = std::min(most, left_);
    return {Offer::Kind::kData, size, size == left_};
  }
  void put(size_t size) override;

 private:
  void answer(int status);

  Connection& connection_;
  const int32_t id_;
  bool begun_ = false, ended_ = false, answered_ = false;
  size_t left_ = 10;
};

class Connection final : public Http2Events {
 public:
  Http2StreamUser* open_stream(int32_t stream, size_t) override {
    require(stream % 2 == 1 && !streams.contains(stream));
    if (streams.size() >= kLimits.max_streams) return nullptr;
    return (streams[stream] = std::make_unique<Stream>(*this, stream)).get();
  }
  bool on_cost(Http2Cost, size_t) override { return ++costs_ < kPatience; }
  void on_pong() override {}

  void run(std::string_view bytes, size_t piece) {
    session.receive(kHttp2Preface);
    while (!bytes.empty() && !session.finished()) {
      session.receive(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
      pull();
    }
    session.stop_accepting();
    pull();
  }

  Http2Session session{kLimits, *this};
  std::map<int32_t, std::unique_ptr<Stream>> streams;
  Sink* sink = nullptr;

 private:
  void pull() {
    Sink out;
    sink = &out;
    session.pull(out);
    sink = nullptr;
  }
  size_t costs_ = 0;
};

void Stream::on_request(Http2HeadReader& request, bool ends_stream) {
  require(!begun_);
  begun_ = true;
  const RequestHead& head = request.head();
  require(!head.method.empty() && !head.target.empty());
  for (const Field& field : head.fields) {
    require(!field.name.empty() && field.name[0] != ':');
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  if (ends_stream) answer(200);
}

void Stream::on_refused(Http2HeadReader& request) {
  require(!begun_ && request.refusal().status >= 400);
  begun_ = true;
  answer(request.refusal().status);
}

void Stream::on_body(std::string_view bytes) {
  require(begun_ && !ended_);
  connection_.session.consume(id_, bytes.size());
}

void Stream::on_end() {
  require(begun_ && !ended_);
  ended_ = true;
  if (!answered_) answer(200);
}

void Stream::on_answered_early() { connection_.session.reset(id_, Http2Error::kNone); }

void Stream::on_closed(Http2Error) { connection_.streams.erase(id_); }

void Stream::put(size_t size) {
  left_ -= size;
  connection_.sink->append(std::string(size, 'x'));
}

void Stream::answer(int status) {
  answered_ = true;
  connection_.session.begin_head(status);
  connection_.session.add_field("Content-Type", "text/plain");
  connection_.session.send_head(id_, Http2Session::Body::kOffered);
}

}  // namespace
}  // namespace howdah::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  howdah::http::Connection connection;
  connection.run({reinterpret_cast<const char*>(data) + 1, size - 1}, 1 + data[0]);
  return 0;
}
