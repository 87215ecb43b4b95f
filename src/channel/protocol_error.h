#pragma once

// The other side broke the rules of the channel.

#include "base/result.h"

namespace howdah::channel {

inline std::unexpected<base::Error> fail_protocol(const char* what) {
  return base::fail({base::ErrorKind::kProtocol, 0, what});
}

}  // namespace howdah::channel
