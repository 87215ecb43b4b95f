#include <zlib.h>

#include <algorithm>
#include <limits>

#include "codec/encoders.h"
#include "codec/limits.h"

namespace howdah::codec {
namespace {

// zlib's: the largest window, and 16 for gzip's frame around it.
constexpr int kGzipWindow = 15 + 16;
constexpr int kDefaultMemoryLevel = 8;

int flush_for(Until until) {
  switch (until) {
    case Until::kLater:
      return Z_NO_FLUSH;
    case Until::kFlushed:
      return Z_SYNC_FLUSH;
    case Until::kFinished:
      return Z_FINISH;
  }
  return Z_FINISH;
}

class GzipEncoder final : public Encoder {
 public:
  explicit GzipEncoder(Effort effort) : effort_(effort) {}
  ~GzipEncoder() override {
    if (made_) deflateEnd(&stream_);
  }

  bool begin() override {
    if (made_) return deflateReset(&stream_) == Z_OK;
    int level = effort_ == Effort::kDynamic ? kDynamicGzipLevel : kStaticGzipLevel;
    made_ = deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, kDefaultMemoryLevel,
                         Z_DEFAULT_STRATEGY) == Z_OK;
    return made_;
  }

  Step encode(std::string_view& input, Until until, std::span<char> room) override {
    // zlib counts in 32 bits.
    constexpr size_t kMost = std::numeric_limits<uInt>::max();
    size_t taken = std::min(input.size(), kMost);
    size_t size = std::min(room.size(), kMost);
    bool whole = taken == input.size();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(taken);
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(size);
    int result = deflate(&stream_, whole ? flush_for(until) : Z_NO_FLUSH);
    // Z_BUF_ERROR: there was nothing left to do.
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return {Progress::kFailed, 0};
    }
    input.remove_prefix(taken - stream_.avail_in);
    bool done = input.empty() &&
                (result == Z_STREAM_END || (until != Until::kFinished && stream_.avail_out > 0));
    return {done ? Progress::kDone : Progress::kRoom, size - stream_.avail_out};
  }

 private:
  const Effort effort_;
  z_stream stream_{};
  bool made_ = false;
};

}  // namespace

std::unique_ptr<Encoder> make_gzip_encoder(Effort effort) {
  return std::make_unique<GzipEncoder>(effort);
}

}  // namespace howdah::codec
