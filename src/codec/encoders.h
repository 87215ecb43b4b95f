#pragma once

// The encoders behind make_encoder(), a file each.

#include <memory>

#include "codec/encoder.h"

namespace howdah::codec {

std::unique_ptr<Encoder> make_brotli_encoder(Effort effort);
std::unique_ptr<Encoder> make_zstd_encoder(Effort effort);
std::unique_ptr<Encoder> make_gzip_encoder(Effort effort);

}  // namespace howdah::codec
