#include "php/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace howdah::php {
namespace {

// The names that OPcache runs under (accel_find_sapi in PHP's source).
constexpr std::array<std::string_view, 13> kSapiNames = {
    "apache",        "fastcgi",        "cli-server", "cgi-fcgi", "fpm-fcgi", "fpm",       "isapi",
    "apache2filter", "apache2handler", "litespeed",  "uwsgi",    "fuzzer",   "frankenphp"};

constexpr int kMostHosts = 64;
constexpr int kMaxSnapshotReady = 64;

bool parse_number(std::string_view text, int& value) {
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size() && value >= 0;
}

}  // namespace

bool parse_options(int argc, char** argv, Options& options, std::string& error) {
  for (int i = 1; i < argc; ++i) {
    std::string_view flag = argv[i];
    if (flag == "--version") {
      options.version = true;
      continue;
    }
    if (flag == "--settings") {
      options.settings = true;
      continue;
    }
    if (flag == "--no-ext") {
      options.functions = false;
      continue;
    }
    // All others take a value: --flag VALUE or --flag=VALUE.
    std::string_view value;
    if (size_t equals = flag.find('='); equals != flag.npos && flag.starts_with("--")) {
      value = flag.substr(equals + 1);
      flag = flag.substr(0, equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      error = std::string(flag) + ": a value is missing, or the option is unknown";
      return false;
    }
    bool good = true;
    if (flag == "--control-fd") {
      good = parse_number(value, options.control_fd);
    } else if (flag == "--parent-pid") {
      good = parse_number(value, options.parent_pid);
    } else if (flag == "--sapi-name") {
      options.sapi_name = value;
      good = std::ranges::find(kSapiNames, value) != kSapiNames.end();
    } else if (flag == "--hosts") {
      int hosts = 0;
      good = parse_number(value, hosts) && hosts >= 1 && hosts <= kMostHosts;
      options.hosts = static_cast<uint32_t>(hosts);
    } else if (flag == "--ini") {
      options.ini_path = value;
    } else if (flag == "--ini-set") {
      good = value.find('=') != value.npos && !value.starts_with('=') &&
             value.find_first_of("\r\n") == value.npos;
      options.ini_sets.emplace_back(value);
    } else if (flag == "--worker-script") {
      options.worker_script.path = value;
      good = value.starts_with('/');
    } else if (flag == "--worker-name") {
      options.worker_script.name = value;
      good = value.empty() || value.starts_with('/');
    } else if (flag == "--worker-mode") {
      bool snapshot = value == "snapshot";
      options.worker_script.mode = snapshot ? WorkerMode::kSnapshot : WorkerMode::kLoop;
      good = snapshot || value == "loop";
    } else if (flag == "--snapshot-ready") {
      good = parse_number(value, options.worker_script.snapshot_ready) &&
             options.worker_script.snapshot_ready >= 1 &&
             options.worker_script.snapshot_ready <= kMaxSnapshotReady;
    } else if (flag == "--document-root") {
      options.worker_script.document_root = value;
    } else if (flag == "--worker-env") {
      good = value.find('=') != value.npos && !value.starts_with('=');
      options.worker_script.environment.emplace_back(value);
    } else {
      error = "unknown option " + std::string(flag);
      return false;
    }
    if (!good) {
      error = std::string(flag) + ": cannot use '" + std::string(value) + "'";
      return false;
    }
  }
  return true;
}

}  // namespace howdah::php
