#include "app/config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <set>

#include "app/config/settings_page.h"

namespace howdah::app {
namespace {

using ::testing::HasSubstr;

// CONTRACT section 1, with the defaults that it gives in words as the table has them: empty.
const std::pair<std::string_view, std::string_view> kContract[] = {
    {"LISTEN_ADDR", "0.0.0.0:8080"},
    {"TLS_LISTEN_ADDR", ""},
    {"TLS_CERT", ""},
    {"TLS_KEY", ""},
    {"TLS_REDIRECT", "0"},
    {"DOCUMENT_ROOT", "/var/www/html"},
    {"INDEX_FILE", ""},
    {"INDEX_SCRIPTS", "0"},
    {"PHP_DENY", ""},
    {"PHP_WORKERS", "0"},
    {"PHP_WORKERS_MAX", ""},
    {"PHP_MAX_REQUESTS", "0"},
    {"PHP_MAX_MEMORY", "off"},
    {"HOWDAH_PHP", ""},
    {"PHP_INI", ""},
    {"PHP_INI_SET", ""},
    {"PHP_SAPI_NAME", "fpm-fcgi"},
    {"PHP_HOSTS", "1"},
    {"FRONT_THREADS", "0"},
    {"RUN_AS", "www-data"},
    {"FRONT_USER", ""},
    {"QUEUE_CAPACITY", "0"},
    {"QUEUE_TIMEOUT", "off"},
    {"REQUEST_TIMEOUT", "2m"},
    {"MAX_BODY_SIZE", "128m"},
    {"MAX_HEADER_SIZE", "64k"},
    {"HEADER_TIMEOUT_SECS", "5"},
    {"BODY_TIMEOUT", "30s"},
    {"IDLE_TIMEOUT_SECS", "60"},
    {"WRITE_TIMEOUT", "60s"},
    {"MAX_CONNECTIONS", ""},
    {"MAX_CONNECTIONS_PER_IP", "off"},
    {"SPOOL_DIR", ""},
    {"SPOOL_MAX", "2g"},
    {"DRAIN_TIMEOUT_SECS", "30"},
    {"RELOAD_DRAIN", "5m"},
    {"STATIC_CACHE_TTL", "1d"},
    {"STATIC_CACHE_SIZE", "64m"},
    {"FOLLOW_SYMLINKS", "1"},
    {"SENDFILE_ROOT", ""},
    {"RESPONSE_HEADERS", ""},
    {"COMPRESSION", "br,zstd,gzip"},
    {"ERROR_PAGES_DIR", ""},
    {"INTERNAL_ADDR", ""},
    {"INTERNAL_TOKEN", ""},
    {"CONTROL_SOCKET", ""},
    {"ACCESS_LOG", "0"},
    {"LOG_LEVEL", "info"},
    {"LOG_FORMAT", "auto"},
    {"LOG_FILE", ""},
    {"SERVICE_NAME", "howdah"},
    {"SLOW_REQUEST", "off"},
    {"RATE_LIMIT", "0"},
    {"RATE_WINDOW", "60"},
    {"RATE_LIMIT_STORE", "memory"},
    {"TRUSTED_PROXIES", ""},
    {"PROFILE", "0"},
    {"WORKER_SCRIPT", ""},
    {"WORKER_NUM", ""},
    {"WORKER_MATCH", "/*"},
    {"WORKER_ENV", ""},
    {"WORKER_WATCH", "off"},
    {"WORKER_MAX_FAILURES", "6"},
    {"WORKER_MODE", "loop"},
    {"SNAPSHOT_READY", "2"},
    {"USE_STUB", "0"},
    {"USE_EXT", "1"},
    {"SECCOMP", "1"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", ""},
    {"OTEL_SERVICE_NAME", ""},
    {"OTEL_TRACES_SAMPLER_ARG", ""},
};

TEST(Settings, AreTheContractsWithItsDefaults) {
  for (const auto& [name, default_text] : kContract) {
    const Setting* setting = find_setting(name);
    ASSERT_NE(setting, nullptr) << name;
    EXPECT_EQ(setting->default_text, default_text) << name;
  }
}

TEST(Settings, AreInTheTableOnce) {
  std::set<std::string_view> names;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
  }
}

TEST(Settings, HaveDefaultsThatTheyAccept) {
  for (const Setting& setting : settings()) {
    Config config;
    EXPECT_EQ(apply_setting(setting, setting.default_text, config), "") << setting.name;
    EXPECT_FALSE(setting.accepted().empty()) << setting.name;
  }
}

TEST(SettingsPage, HasAllSettingsAndEachDetail) {
  std::string page = settings_page();
  size_t details = 0;
  for (const Setting& setting : settings()) {
    EXPECT_THAT(page, HasSubstr("\n### " + std::string(setting.name) + "\n"));
    std::string_view detail = detail_of(setting.name);
    details += detail.empty() ? 0 : 1;
    EXPECT_THAT(page, HasSubstr(std::string(detail)));
  }
  EXPECT_EQ(details, detail_count()) << "a detail of no setting";
}

}  // namespace
}  // namespace howdah::app
