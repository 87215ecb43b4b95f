#pragma once

// TLS_CERT and TLS_KEY: what the files hold, and everything that can be wrong with them.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"
#include "net/tls_identity.h"

namespace howdah::app {

struct TlsProblem {
  std::string_view setting;
  std::string what;  // "/etc/x.pem: not a certificate in PEM form"
};

struct TlsFiles {
  std::vector<net::TlsPair> pairs;    // each fits; none = no TLS
  std::vector<std::string> warnings;  // a line each: an expired certificate
};

// Reads with the rights of the caller. Problems are one for each pair at most.
std::expected<TlsFiles, std::vector<TlsProblem>> read_tls_files(const Config& config);

// Paths of all files, in the order of the settings.
std::vector<std::string> tls_paths(const Config& config);

}  // namespace howdah::app
