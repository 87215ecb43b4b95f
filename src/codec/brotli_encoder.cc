#include <brotli/encode.h>

#include "codec/block_cache.h"
#include "codec/encoders.h"
#include "codec/limits.h"

namespace howdah::codec {
namespace {

void* allocate(void* cache, size_t size) { return static_cast<BlockCache*>(cache)->allocate(size); }
void release(void* cache, void* block) { static_cast<BlockCache*>(cache)->release(block); }

BrotliEncoderOperation operation_for(Until until) {
  switch (until) {
    case Until::kLater:
      return BROTLI_OPERATION_PROCESS;
    case Until::kFlushed:
      return BROTLI_OPERATION_FLUSH;
    case Until::kFinished:
      return BROTLI_OPERATION_FINISH;
  }
  return BROTLI_OPERATION_FINISH;
}

class BrotliEncoder final : public Encoder {
 public:
  explicit BrotliEncoder(Effort effort) : effort_(effort) {}
  ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }

  // The library cannot use an instance again; its memory comes from the cache.
  bool begin() override {
    BrotliEncoderDestroyInstance(state_);
    state_ = BrotliEncoderCreateInstance(allocate, release, &memory_);
    if (state_ == nullptr) return false;
    bool dynamic = effort_ == Effort::kDynamic;
    set(BROTLI_PARAM_QUALITY, dynamic ? kDynamicBrotliQuality : kStaticBrotliQuality);
    set(BROTLI_PARAM_LGWIN, dynamic ? kDynamicWindowBits : kStaticWindowBits);
    return true;
  }

  Step encode(std::string_view& input, Until until, std::span<char> room) override {
    const uint8_t* next_in = reinterpret_cast<const uint8_t*>(input.data());
    size_t left_in = input.size();
    uint8_t* next_out = reinterpret_cast<uint8_t*>(room.data());
    size_t left_out = room.size();
    bool sound = BrotliEncoderCompressStream(state_, operation_for(until), &left_in, &next_in,
                                             &left_out, &next_out, nullptr) == BROTLI_TRUE;
    if (!sound) return {Progress::kFailed, 0};
    input.remove_prefix(input.size() - left_in);
    // Without room left over, the end of a flush may still be to come.
    bool done = left_in == 0 && BrotliEncoderHasMoreOutput(state_) == BROTLI_FALSE &&
                (left_out > 0 || until == Until::kLater);
    return {done ? Progress::kDone : Progress::kRoom, room.size() - left_out};
  }

 private:
  void set(BrotliEncoderParameter parameter, int value) {
    BrotliEncoderSetParameter(state_, parameter, static_cast<uint32_t>(value));
  }

  const Effort effort_;
  BlockCache memory_{kKeptBrotliBytes};
  BrotliEncoderState* state_ = nullptr;
};

}  // namespace

std::unique_ptr<Encoder> make_brotli_encoder(Effort effort) {
  return std::make_unique<BrotliEncoder>(effort);
}

}  // namespace howdah::codec
