#include <zstd.h>

#include "codec/encoders.h"
#include "codec/limits.h"

namespace howdah::codec {
namespace {

ZSTD_EndDirective directive_for(Until until) {
  switch (until) {
    case Until::kLater:
      return ZSTD_e_continue;
    case Until::kFlushed:
      return ZSTD_e_flush;
    case Until::kFinished:
      return ZSTD_e_end;
  }
  return ZSTD_e_end;
}

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(Effort effort) : effort_(effort) {}
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }

  bool begin() override {
    if (context_ != nullptr) {
      return ZSTD_isError(ZSTD_CCtx_reset(context_, ZSTD_reset_session_only)) == 0;
    }
    context_ = ZSTD_createCCtx();
    if (context_ == nullptr) return false;
    bool dynamic = effort_ == Effort::kDynamic;
    set(ZSTD_c_compressionLevel, dynamic ? kDynamicZstdLevel : kStaticZstdLevel);
    // Below the 8 MiB that every decoder of this coding has (RFC 9659).
    set(ZSTD_c_windowLog, dynamic ? kDynamicWindowBits : kStaticWindowBits);
    return true;
  }

  Step encode(std::string_view& input, Until until, std::span<char> room) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    size_t left = ZSTD_compressStream2(context_, &out, &in, directive_for(until));
    if (ZSTD_isError(left) != 0) return {Progress::kFailed, 0};
    input.remove_prefix(in.pos);
    // Without a goal `left` is only a hint.
    bool done = input.empty() && (until == Until::kLater || left == 0);
    return {done ? Progress::kDone : Progress::kRoom, out.pos};
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    ZSTD_CCtx_setParameter(context_, parameter, value);
  }

  const Effort effort_;
  ZSTD_CCtx* context_ = nullptr;
};

}  // namespace

std::unique_ptr<Encoder> make_zstd_encoder(Effort effort) {
  return std::make_unique<ZstdEncoder>(effort);
}

}  // namespace howdah::codec
