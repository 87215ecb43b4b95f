#include "app/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "app/config/checks.h"
#include "app/config/settings.h"

namespace howdah::app {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// A site and a worker program that exist, so that a configuration has only the faults a test gives
// it.
class LoadConfig : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/howdah-load-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    root_ = name;
    write("howdah-php", "#!/bin/sh\n");
    fs::permissions(root_ / "howdah-php", fs::perms::owner_all);
    write("index.php", "");
    fs::create_directory(root_ / "empty");
    sources_.program_directory = root_.string();
    sources_.environment = {"DOCUMENT_ROOT=" + root_.string(), "RUN_AS=root"};
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(root_ / name) << text;
    return (root_ / name).string();
  }
  Loaded load(std::vector<std::string> environment = {}) {
    Sources sources = sources_;
    sources.environment.insert(sources.environment.end(), environment.begin(), environment.end());
    return load_config(sources);
  }

  fs::path root_;
  Sources sources_;
};

TEST_F(LoadConfig, TakesTheDefaults) {
  Loaded loaded = load();
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.config.listen, ElementsAre("0.0.0.0:8080"));
  EXPECT_EQ(loaded.config.request_timeout, 120 * base::kSecond);
  EXPECT_EQ(loaded.config.max_body_size, 128U << 20);
  EXPECT_EQ(loaded.config.idle_timeout, 60 * base::kSecond);
  EXPECT_EQ(loaded.config.php_sapi_name, "fpm-fcgi");
  EXPECT_GE(loaded.config.php_workers, 1U);
  EXPECT_EQ(loaded.config.queue_capacity, loaded.config.php_workers * 100);
  EXPECT_FALSE(loaded.config.access_log);
  EXPECT_EQ(loaded.config.php_program, (root_ / "howdah-php").string());
}

TEST_F(LoadConfig, LaterSourcesWin) {
  sources_.env_file =
      write("env", "PHP_WORKERS=2\nQUEUE_CAPACITY=7\nSERVICE_NAME=file\nHOWDAH_LOG_LEVEL=warn\n");
  sources_.flags = {{"PHP_WORKERS", "4"}};
  Loaded loaded = load({"PHP_WORKERS=3", "QUEUE_CAPACITY=8", "HOWDAH_QUEUE_CAPACITY=9"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.config.php_workers, 4U);
  EXPECT_EQ(loaded.config.queue_capacity, 9U);
  EXPECT_EQ(loaded.config.service_name, "file");
  EXPECT_EQ(loaded.config.log_level, base::LogLevel::kWarn);
  EXPECT_EQ(found(loaded.config, "PHP_WORKERS").origin, Origin::kFlag);
  EXPECT_EQ(found(loaded.config, "SERVICE_NAME").origin, Origin::kEnvFile);
}

TEST_F(LoadConfig, AnEmptyValueStandsForTheDefault) {
  sources_.env_file = write("env", "PHP_WORKERS=2\nREQUEST_TIMEOUT=1s\n");
  Loaded loaded = load({"REQUEST_TIMEOUT="});
  EXPECT_EQ(loaded.config.request_timeout, 120 * base::kSecond);
}

TEST_F(LoadConfig, RustLogIsReadWhenLogLevelIsUnset) {
  EXPECT_EQ(load({"RUST_LOG=tokio_php=debug"}).config.log_level, base::LogLevel::kDebug);
  EXPECT_EQ(load({"RUST_LOG=warn,hyper=info"}).config.log_level, base::LogLevel::kInfo);
  EXPECT_EQ(load({"RUST_LOG=debug", "LOG_LEVEL=error"}).config.log_level, base::LogLevel::kError);
  EXPECT_EQ(load({"LOG_LEVEL=Warning"}).config.log_level, base::LogLevel::kWarn);
}

TEST_F(LoadConfig, ZeroIsALengthOfTimeWhereTheContractSaysSo) {
  Config config = load({"DRAIN_TIMEOUT_SECS=0", "IDLE_TIMEOUT_SECS=0", "REQUEST_TIMEOUT=0"}).config;
  EXPECT_EQ(config.drain_timeout, 0);
  EXPECT_EQ(config.idle_timeout, 0);
  EXPECT_EQ(config.request_timeout, 0);
  EXPECT_EQ(load({"DRAIN_TIMEOUT_SECS=off"}).config.drain_timeout, std::nullopt);
}

struct WrongValue {
  std::string_view name;
  std::string_view text;
};

void PrintTo(const WrongValue& value, std::ostream* out) {
  *out << value.name << "=" << value.text;
}

class WrongValues : public LoadConfig, public ::testing::WithParamInterface<WrongValue> {};

TEST_P(WrongValues, AreNamedWithTheirOriginAndWhatIsAccepted) {
  const auto& [name, text] = GetParam();
  std::string setting = std::string(name) + "=" + std::string(text);
  Loaded loaded = load({setting});
  EXPECT_THAT(loaded.problems, Contains(AllOf(StartsWith(setting + " (from the environment): "),
                                              HasSubstr("; accepted: "))));
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongValues,
    ::testing::Values(
        WrongValue{"LISTEN_ADDR", "8080"}, WrongValue{"LISTEN_ADDR", "127.0.0.1:http"},
        WrongValue{"LISTEN_ADDR", "127.0.0.1:65536"}, WrongValue{"LISTEN_ADDR", "300.0.0.1:80"},
        WrongValue{"LISTEN_ADDR", "::1:8080"}, WrongValue{"LISTEN_ADDR", "[::1:8080"},
        WrongValue{"LISTEN_ADDR", "unix:relative"}, WrongValue{"LISTEN_ADDR", "unix:/x?mode=9"},
        WrongValue{"LISTEN_ADDR", ":8080,bad"}, WrongValue{"LISTEN_ADDR", ","},
        WrongValue{"INTERNAL_ADDR", "9090"}, WrongValue{"DOCUMENT_ROOT", "/no/such/dir"},
        WrongValue{"DOCUMENT_ROOT", "/etc/passwd"}, WrongValue{"INDEX_FILE", "missing.php"},
        WrongValue{"INDEX_FILE", "../x.php"}, WrongValue{"INDEX_SCRIPTS", "maybe"},
        WrongValue{"PHP_WORKERS", "-1"}, WrongValue{"PHP_WORKERS", "2000"},
        WrongValue{"PHP_WORKERS", "two"}, WrongValue{"HOWDAH_PHP", "/no/such/program"},
        WrongValue{"HOWDAH_PHP", "/etc/passwd"}, WrongValue{"PHP_INI", "/no/such.ini"},
        WrongValue{"PHP_INI_SET", "memory_limit"}, WrongValue{"PHP_INI_SET", "=1"},
        WrongValue{"PHP_SAPI_NAME", "apache3"}, WrongValue{"USE_EXT", "2"},
        WrongValue{"FRONT_THREADS", "33"}, WrongValue{"QUEUE_CAPACITY", "many"},
        WrongValue{"QUEUE_TIMEOUT", "1x"}, WrongValue{"REQUEST_TIMEOUT", "-5"},
        WrongValue{"REQUEST_TIMEOUT", "1h30m"}, WrongValue{"MAX_BODY_SIZE", "1t"},
        WrongValue{"MAX_HEADER_SIZE", "100"}, WrongValue{"MAX_HEADER_SIZE", "1m"},
        WrongValue{"HEADER_TIMEOUT_SECS", "five"}, WrongValue{"BODY_TIMEOUT", "30 s"},
        WrongValue{"IDLE_TIMEOUT_SECS", "1.5"}, WrongValue{"WRITE_TIMEOUT", "x"},
        WrongValue{"MAX_CONNECTIONS", "0"}, WrongValue{"MAX_CONNECTIONS_PER_IP", "0"},
        WrongValue{"SPOOL_DIR", "/no/such/dir"}, WrongValue{"SPOOL_MAX", "lots"},
        WrongValue{"DRAIN_TIMEOUT_SECS", "soon"}, WrongValue{"RELOAD_DRAIN", "5q"},
        WrongValue{"STATIC_CACHE_TTL", "1 day"}, WrongValue{"FOLLOW_SYMLINKS", "sometimes"},
        WrongValue{"ACCESS_LOG", "2"}, WrongValue{"LOG_LEVEL", "loud"},
        WrongValue{"LOG_FORMAT", "xml"}, WrongValue{"SERVICE_NAME", "a\tb\x01"},
        WrongValue{"RATE_LIMIT", "x"}, WrongValue{"RATE_WINDOW", "0"},
        WrongValue{"RATE_WINDOW", "off"}, WrongValue{"TRUSTED_PROXIES", "10.0.0.0/33"},
        WrongValue{"TRUSTED_PROXIES", "example.com"}, WrongValue{"COMPRESSION", "lzma"},
        WrongValue{"COMPRESSION", "br,gzip,br"}, WrongValue{"COMPRESSION", ","},
        WrongValue{"COMPRESSION", "gzip,off"}, WrongValue{"STATIC_CACHE_SIZE", "64q"},
        WrongValue{"RESPONSE_HEADERS", "X-Frame-Options"},
        WrongValue{"RESPONSE_HEADERS", "X: a\x01"}, WrongValue{"RESPONSE_HEADERS", "Connection: x"},
        WrongValue{"RESPONSE_HEADERS", "content-length: 1"}, WrongValue{"TLS_CERT", "/no/cert.pem"},
        WrongValue{"TLS_LISTEN_ADDR", "x"}, WrongValue{"TLS_LISTEN_ADDR", ":8443"},
        WrongValue{"WORKER_MODE", "fast"}, WrongValue{"WORKER_MAX_FAILURES", "0"},
        WrongValue{"SNAPSHOT_READY", "x"}, WrongValue{"PHP_MAX_MEMORY", "x"},
        WrongValue{"PHP_HOSTS", "0"}, WrongValue{"SLOW_REQUEST", "x"},
        WrongValue{"ERROR_PAGES_DIR", "/no/such/dir"}, WrongValue{"SENDFILE_ROOT", "/no/such"},
        WrongValue{"PHP_DENY", "uploads"}, WrongValue{"SECCOMP", "x"}, WrongValue{"PROFILE", "x"}));

TEST_F(LoadConfig, EveryCheckedKindHasAWrongValueInTheTable) {
  // A setting of any kind but text refuses at least this.
  for (const Setting& setting : settings()) {
    if (std::holds_alternative<TextKind>(setting.kind)) continue;
    Config scratch;
    EXPECT_NE(apply_setting(setting, "\x01;=", scratch), "") << setting.name;
    EXPECT_EQ(apply_setting(setting, setting.default_text, scratch), "") << setting.name;
  }
}

TEST_F(LoadConfig, ReportsAllWrongValuesAtOnce) {
  Loaded loaded = load({"PHP_WORKERS=x", "LOG_LEVEL=y", "QUEUE_TIMEOUT=z"});
  EXPECT_EQ(loaded.problems.size(), 3U);
}

TEST_F(LoadConfig, HalfATlsPairIsAnError) {
  std::string file = write("cert.pem", "");
  EXPECT_THAT(load({"TLS_CERT=" + file}).problems, Contains(HasSubstr("as many files in TLS_KEY")));
  EXPECT_THAT(load({"TLS_KEY=" + file}).problems, Contains(HasSubstr("as many files in TLS_CERT")));
}

TEST_F(LoadConfig, SaysWhatIsNotYetAvailable) {
  EXPECT_THAT(load({"PROFILE=1"}).config.notices,
              Contains("PROFILE is not yet available in this version"));
  EXPECT_THAT(load({"SECCOMP=1"}).config.notices, Not(Contains(HasSubstr("SECCOMP"))));
  // Serving without it would be less safe than asked for.
  EXPECT_THAT(load({"RATE_LIMIT=10"}).problems, Contains(HasSubstr("not yet available")));
}

TEST_F(LoadConfig, AFileThatIsNoProgramIsNotTheWorkerProgram) {
  std::string file = write("data", "data\n");
  fs::permissions(file, fs::perms::owner_all);
  EXPECT_THAT(
      load({"HOWDAH_PHP=" + file}).problems,
      ElementsAre(HasSubstr("HOWDAH_PHP=" + file + " (from the environment): not an exec")));
}

TEST_F(LoadConfig, TakesTheLimitOfTheQueue) {
  EXPECT_EQ(load().config.queue_timeout, 0);
  Config config = load({"QUEUE_TIMEOUT=1500ms"}).config;
  EXPECT_EQ(config.queue_timeout, 1500 * base::kMillisecond);
  EXPECT_THAT(config.notices, Not(Contains(HasSubstr("QUEUE_TIMEOUT"))));
}

TEST_F(LoadConfig, TakesCodingsInTheirOrder) {
  using enum base::ContentCoding;
  EXPECT_EQ(load().config.compression, (base::CodingList{{kBrotli, kZstd, kGzip}, 3}));
  EXPECT_EQ(load({"COMPRESSION=GZIP , br"}).config.compression,
            (base::CodingList{{kGzip, kBrotli}, 2}));
  EXPECT_TRUE(load({"COMPRESSION=off"}).config.compression.empty());
  EXPECT_THAT(load({"COMPRESSION=br,gzip,br"}).problems, ElementsAre(HasSubstr("named twice: br")));
  EXPECT_EQ(load({"STATIC_CACHE_SIZE=1m"}).config.static_cache_size, 1u << 20);
}

TEST_F(LoadConfig, HeadersMayHaveSemicolonsInTheirValues) {
  Config config = load({"RESPONSE_HEADERS=A: b ;Strict-Transport-Security: max-age=1; preload;"
                        "Content-Security-Policy: img-src https:; default-src 'self'; C:"})
                      .config;
  using Header = std::pair<std::string, std::string>;
  EXPECT_THAT(
      config.response_headers,
      ElementsAre(Header{"A", "b"}, Header{"Strict-Transport-Security", "max-age=1; preload"},
                  Header{"Content-Security-Policy", "img-src https:; default-src 'self'"},
                  Header{"C", ""}));
}

TEST_F(LoadConfig, NotesMisspeltNames) {
  EXPECT_THAT(load({"HOWDAH_LISTEN_ADR=:1"}).config.notices,
              Contains("HOWDAH_LISTEN_ADR is no setting of Howdah"));
}

TEST_F(LoadConfig, SecretsAreNeitherPrintedNorGivenToPhp) {
  sources_.env_file = write("env", "INTERNAL_TOKEN=hush\nAPP_KEY=k\n");
  Loaded loaded =
      load({"RATE_LIMIT_STORE=http://user:hush@x", "HOWDAH_INTERNAL_TOKEN=hush", "APP_ENV=test"});
  EXPECT_THAT(loaded.problems, Contains(StartsWith("RATE_LIMIT_STORE=***")));
  for (const std::string& problem : loaded.problems) EXPECT_THAT(problem, Not(HasSubstr("hush")));
  EXPECT_THAT(loaded.config.php_environment, Not(Contains(HasSubstr("hush"))));
  EXPECT_THAT(loaded.config.php_environment, Contains("APP_KEY=k"));
  EXPECT_THAT(loaded.config.php_environment, Contains("APP_ENV=test"));
}

TEST_F(LoadConfig, EnvFileProblemsAreErrors) {
  sources_.env_file = "/no/such/file";
  EXPECT_THAT(load().problems, ElementsAre(HasSubstr("--env-file /no/such/file: No such file")));
  sources_.env_file = write("env", "what\n");
  EXPECT_THAT(load().problems, ElementsAre(HasSubstr("line 1: expected NAME=value")));
}

TEST_F(LoadConfig, ServeDirIsForDevelopment) {
  sources_.directory = root_.string();
  Config config = load({"DOCUMENT_ROOT=/no/such", "PHP_INI_SET=display_errors=0"}).config;
  EXPECT_EQ(config.document_root, root_.string());
  EXPECT_THAT(config.listen, ElementsAre("127.0.0.1:8080"));
  EXPECT_EQ(config.index_file, "index.php");
  EXPECT_TRUE(config.index_scripts);
  EXPECT_TRUE(config.access_log);
  EXPECT_EQ(config.request_timeout, 0);
  EXPECT_EQ(config.log_format, LogFormat::kText);
  EXPECT_THAT(config.php_ini_set,
              ElementsAre("display_errors=1", "opcache.validate_timestamps=1", "display_errors=0"));
  EXPECT_THAT(load({"LISTEN_ADDR=:9000"}).config.listen, ElementsAre(":9000"));
}

TEST_F(LoadConfig, ServeDirPrefersPublicWithAnIndex) {
  fs::create_directory(root_ / "public");
  sources_.directory = root_.string();
  EXPECT_EQ(load().config.document_root, root_.string());
  write("public/index.php", "");
  EXPECT_EQ(load().config.document_root, (root_ / "public").string());
  sources_.directory = (root_ / "empty").string();
  EXPECT_EQ(load().config.index_file, "");
}

TEST_F(LoadConfig, UnknownUsersStopTheStartAsRootOnly) {
  if (::geteuid() == 0) {
    EXPECT_THAT(load({"RUN_AS=no-such-user"}).problems, Contains(HasSubstr("no such user")));
    EXPECT_EQ(load({"RUN_AS=root"}).config.run_as->uid, 0U);
  } else {
    EXPECT_THAT(load({"RUN_AS=no-such-user"}).problems, IsEmpty());
    EXPECT_FALSE(load().config.run_as);
  }
}

}  // namespace
}  // namespace howdah::app
