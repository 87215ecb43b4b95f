#include "codec/encoder.h"

#include "codec/encoders.h"

namespace howdah::codec {

using base::ContentCoding;

std::unique_ptr<Encoder> make_encoder(ContentCoding coding, Effort effort) {
  switch (coding) {
    case ContentCoding::kIdentity:
      return nullptr;
    case ContentCoding::kBrotli:
      return make_brotli_encoder(effort);
    case ContentCoding::kZstd:
      return make_zstd_encoder(effort);
    case ContentCoding::kGzip:
      return make_gzip_encoder(effort);
  }
  return nullptr;
}

Encoder* EncoderSet::begin(ContentCoding coding) {
  auto& encoder = encoders_[static_cast<size_t>(coding)];
  if (!encoder) encoder = make_encoder(coding, effort_);
  return encoder && encoder->begin() ? encoder.get() : nullptr;
}

}  // namespace howdah::codec
