#pragma once

// The settings of CONTRACT section 1 that concern clients and their requests, in the units of the
// code. Filled by app; 0 = no limit, except where a comment says otherwise.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/content_coding.h"
#include "net/ip_address.h"
#include "serve/error_pages.h"
#include "serve/limits.h"
#include "serve/router.h"

namespace howdah::serve {

enum class StubMode {
  kOff,
  kEmptyAnswers,  // USE_STUB: an empty 200 where PHP would run
};

// Immutable while a server runs.
struct ServeOptions {
  std::string document_root = "/var/www/html";  // absolute, links resolved, no slash at its end
  std::string index_file;                       // below the root, without a slash; may be empty
  bool index_scripts = false;
  std::vector<std::string> php_deny;
  std::vector<WorkerRoute> workers;  // number i has the pool i + 1
  std::string sendfile_root;  // where a script's X-Accel-Redirect points; empty = document_root
  bool follow_symlinks = true;
  // In the order of preference; nothing = no answer is encoded, and no precompressed file is sent.
  base::CodingList compression = {
      {base::ContentCoding::kBrotli, base::ContentCoding::kZstd, base::ContentCoding::kGzip}, 3};
  // How long what was seen of a file is believed, at most kFileTrust; 0 = not at all.
  base::Nanos file_trust = kFileTrust;
  std::optional<base::Nanos> static_cache_ttl =
      86400 * base::kSecond;  // nothing = no Cache-Control

  uint64_t static_cache_size = 64 << 20;  // of encoded files; 0 = none is encoded

  uint64_t max_body_size = 128 << 20;
  size_t max_header_size = 64 << 10;
  base::Nanos header_timeout = 5 * base::kSecond;
  base::Nanos body_timeout = 30 * base::kSecond;
  base::Nanos idle_timeout = 60 * base::kSecond;  // 0 = no keep-alive
  base::Nanos write_timeout = 60 * base::kSecond;
  base::Nanos queue_timeout = 0;
  base::Nanos request_timeout = 120 * base::kSecond;
  uint64_t max_connections = 0;
  uint32_t max_connections_per_ip = 0;
  net::PeerList trusted_proxies;
  std::optional<uint16_t> redirect_port;  // plain requests are sent to HTTPS at this port

  std::string spool_dir = "/tmp";
  uint64_t spool_max = uint64_t{2} << 30;

  uint64_t trace_threshold = 0;  // http::sampling_threshold(); 0 = all traces that begin here

  // Added to every answer that lacks them. Valid by http/response_rules.h, none about framing.
  std::vector<std::pair<std::string, std::string>> response_headers;

  std::vector<ErrorPage> error_pages;  // one a status at most

  // Requests may ask for timing headers (request_profile.h).
  bool profile = false;

  // Browsers are told of changes (live_reload.h).
  bool live_reload = false;

  StubMode stub = StubMode::kOff;
};

}  // namespace howdah::serve
