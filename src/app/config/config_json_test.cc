#include "app/config/config_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/config/settings.h"

namespace howdah::app {
namespace {

using nlohmann::json;

Config with(std::string_view name, std::string_view text) {
  Config config;
  for (const Setting& setting : settings()) {
    bool set = setting.name == name;
    config.settings.push_back({std::string(setting.name),
                               std::string(set ? text : setting.default_text),
                               set ? Origin::kEnvironment : Origin::kDefault});
  }
  return config;
}

TEST(ConfigJson, HasTheNamesThatDashboardsKnow) {
  json config = json::parse(config_json(with("", "")));
  for (const char* name :
       {"listen_addr", "document_root", "workers", "queue_capacity", "executor", "index_file",
        "internal_addr", "tls_enabled", "drain_timeout_secs", "static_cache_ttl", "request_timeout",
        "profile_enabled", "access_log_enabled", "rate_limit", "rate_window_secs",
        "error_pages_enabled"}) {
    EXPECT_TRUE(config.contains(name)) << name;
  }
  EXPECT_TRUE(config["index_file"].is_null());
  EXPECT_EQ(config["request_timeout"], "2m");
  EXPECT_EQ(config["drain_timeout_secs"], 30);
  EXPECT_EQ(config["executor"], "ext");
  EXPECT_EQ(config["access_log_enabled"], false);
  EXPECT_EQ(config["max_header_size"], "64k");
}

TEST(ConfigJson, HidesSecretsAndSurvivesAnyByte) {
  EXPECT_EQ(json::parse(config_json(with("INTERNAL_TOKEN", "hush")))["internal_token"], "***");
  EXPECT_TRUE(json::parse(config_json(with("", "")))["internal_token"].is_null());
  EXPECT_TRUE(json::accept(config_json(with("LOG_FILE", "/tmp/\xFF"))));
}

}  // namespace
}  // namespace howdah::app
