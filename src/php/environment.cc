#include "php/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "channel/request_codec.h"

namespace howdah::php {
namespace {

// With and without HOWDAH_ in front. The parent has removed them already; this is the second lock.
constexpr std::array<const char*, 4> kSecrets = {"INTERNAL_TOKEN", "RATE_LIMIT_STORE",
                                                 "OTEL_EXPORTER_OTLP_HEADERS",
                                                 "OTEL_EXPORTER_OTLP_TRACES_HEADERS"};

// Names that describe a request, beyond channel::kVarNames.
constexpr std::array<std::string_view, 19> kRequestNames = {"AUTH_TYPE",
                                                            "GATEWAY_INTERFACE",
                                                            "REMOTE_USER",
                                                            "REMOTE_HOST",
                                                            "REMOTE_IDENT",
                                                            "SERVER_SOFTWARE",
                                                            "REQUEST_TIME",
                                                            "REQUEST_TIME_FLOAT",
                                                            "PHP_AUTH_USER",
                                                            "PHP_AUTH_PW",
                                                            "PHP_AUTH_DIGEST",
                                                            "REDIRECT_STATUS",
                                                            "TOKIO_WORKER_ID",
                                                            "ORIG_PATH_INFO",
                                                            "ORIG_SCRIPT_NAME",
                                                            "TOKIO_SERVER_BUILD_VERSION",
                                                            "argv",
                                                            "argc",
                                                            "FRANKENPHP_WORKER"};

}  // namespace

void drop_secrets() {
  for (const char* name : kSecrets) {
    ::unsetenv(name);
    ::unsetenv((std::string("HOWDAH_") + name).c_str());
  }
}

void overrule_environment(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (::getenv(name.c_str()) != nullptr) ::setenv(name.c_str(), entry.c_str() + equals + 1, 1);
  }
}

bool belongs_in_server(std::string_view name) {
  if (name.empty() || name.starts_with("HTTP_")) return false;
  return std::ranges::find(kRequestNames, name) == kRequestNames.end() &&
         std::ranges::find(channel::kVarNames, name) == std::end(channel::kVarNames);
}

}  // namespace howdah::php
