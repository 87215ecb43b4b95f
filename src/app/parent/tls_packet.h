#pragma once

// Certificates and keys on their way from the parent, which may read the files, to the front.

#include <span>
#include <vector>

#include "base/fd.h"
#include "net/tls_identity.h"

namespace howdah::app {

// In memory that nobody can change or find by a name: a sealed memfd.
base::Result<base::UniqueFd> pack_tls(std::span<const net::TlsPair> pairs);

base::Result<std::vector<net::TlsPair>> unpack_tls(int packet);

}  // namespace howdah::app
