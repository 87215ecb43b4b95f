#pragma once

// Parsers of the settings that have rules of their own (CustomKind). Each returns what is wrong
// with the text, empty = nothing, and stores what it understood.

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"

namespace howdah::app {

// Pieces between separators, trimmed, empty ones left out.
std::vector<std::string> split_list(std::string_view text, char separator);

// "8080", ":8080", "127.0.0.1:8080", "[::1]:8080", "name:8080", "unix:/path?mode=0660". Returns
// what is wrong, empty = nothing.
std::string check_address(std::string_view text);

std::string parse_listen(std::string_view text, Config& config);
std::string parse_internal_addr(std::string_view text, Config& config);
std::string parse_tls_listen(std::string_view text, Config& config);
std::string parse_ini_set(std::string_view text, Config& config);
std::string parse_sapi_name(std::string_view text, Config& config);
std::string parse_php_deny(std::string_view text, Config& config);
std::string parse_watch_ignore(std::string_view text, Config& config);
std::string parse_log_level(std::string_view text, Config& config);
std::string parse_log_format(std::string_view text, Config& config);
std::string parse_service_name(std::string_view text, Config& config);
std::string parse_rate_window(std::string_view text, Config& config);
std::string parse_rate_store(std::string_view text, Config& config);
std::string parse_proxies(std::string_view text, Config& config);
std::string parse_compression(std::string_view text, Config& config);
std::string parse_connections_per_ip(std::string_view text, Config& config);
std::string parse_headers(std::string_view text, Config& config);
std::string parse_otlp_endpoint(std::string_view text, Config& config);
std::string parse_otlp_headers(std::string_view text, Config& config);
std::string parse_otel_resource(std::string_view text, Config& config);
std::string parse_otel_service_name(std::string_view text, Config& config);
std::string parse_trace_ratio(std::string_view text, Config& config);

// RUST_LOG, read when LOG_LEVEL is unset: "warn", "tokio_php=debug"; anything more complex is info.
std::string level_of_rust_log(std::string_view text);

// OPcache only works under names on its list; these are on it in every PHP this server supports.
inline constexpr std::string_view kSapiNames =
    "fpm-fcgi, cli-server, cgi-fcgi, apache2handler, litespeed, uwsgi, apache, fastcgi, isapi";

}  // namespace howdah::app
