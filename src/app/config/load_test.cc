#include "app/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "app/config/checks.h"
#include "app/config/config_json.h"
#include "app/config/settings.h"
#include "net/tls_fixture.h"

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
  EXPECT_EQ(loaded.config.php_workers_max, std::max(4U, 2 * loaded.config.cpus));
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

TEST_F(LoadConfig, TheServiceOfSpansIsTheOneThatIsNamedClosest) {
  EXPECT_EQ(load().config.otel_service_name, "howdah");
  EXPECT_EQ(load({"SERVICE_NAME=a"}).config.otel_service_name, "a");
  const std::string resource = "OTEL_RESOURCE_ATTRIBUTES=service.name=b";
  EXPECT_EQ(load({"SERVICE_NAME=a", resource}).config.otel_service_name, "b");
  EXPECT_EQ(load({"OTEL_SERVICE_NAME=c", resource}).config.otel_service_name, "c");
}

TEST_F(LoadConfig, KeysOfACollectorAreForPhpTooButNeverShown) {
  const std::string key = "OTEL_EXPORTER_OTLP_HEADERS=key=hidden";
  Config config = load({key}).config;
  EXPECT_THAT(config.php_environment, Contains(key));
  EXPECT_THAT(config_json(config), Not(HasSubstr("hidden")));
  EXPECT_THAT(load({key + ",bad"}).problems, Contains(Not(HasSubstr("hidden"))));
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
        WrongValue{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"},
        WrongValue{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c/?x"},
        WrongValue{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such.pem"},
        WrongValue{"OTEL_RESOURCE_ATTRIBUTES", "a"}, WrongValue{"OTEL_SERVICE_NAME", "a\nb"},
        WrongValue{"OTEL_TRACES_SAMPLER_ARG", "1.1"}, WrongValue{"OTEL_TRACES_SAMPLER_ARG", "-1"},
        WrongValue{"OTEL_TRACES_SAMPLER_ARG", "nan"}, WrongValue{"OTEL_TRACES_SAMPLER_ARG", "half"},
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
        WrongValue{"TRUSTED_PROXIES", "example.com"},
        WrongValue{"TRUSTED_PROXIES", "10.0.0.1,unix:"}, WrongValue{"MAX_CONNECTIONS_PER_IP", "-1"},
        WrongValue{"MAX_CONNECTIONS_PER_IP", "many"}, WrongValue{"MAX_CONNECTIONS", "-1"},
        WrongValue{"COMPRESSION", "lzma"}, WrongValue{"COMPRESSION", "br,gzip,br"},
        WrongValue{"COMPRESSION", ","}, WrongValue{"COMPRESSION", "gzip,off"},
        WrongValue{"STATIC_CACHE_SIZE", "64q"}, WrongValue{"RESPONSE_HEADERS", "X-Frame-Options"},
        WrongValue{"RESPONSE_HEADERS", "X: a\x01"}, WrongValue{"RESPONSE_HEADERS", "Connection: x"},
        WrongValue{"RESPONSE_HEADERS", "content-length: 1"}, WrongValue{"TLS_CERT", "/no/cert.pem"},
        WrongValue{"TLS_KEY", "/no/key.pem"}, WrongValue{"TLS_REDIRECT", "maybe"},
        WrongValue{"TLS_REDIRECT", "1"}, WrongValue{"TLS_LISTEN_ADDR", ","},
        WrongValue{"TLS_LISTEN_ADDR", "x"}, WrongValue{"TLS_LISTEN_ADDR", ":8443"},
        WrongValue{"WORKER_SCRIPT", "missing.php"}, WrongValue{"WORKER_SCRIPT", "empty"},
        WrongValue{"WORKER_SCRIPT", "index.php;"}, WrongValue{"WORKER_SCRIPT", "../x.php"},
        WrongValue{"WORKER_SCRIPT", "index.php;./index.php"}, WrongValue{"WORKER_NUM", "-1"},
        WrongValue{"WORKER_NUM", "2;many"}, WrongValue{"WORKER_NUM", "1025"},
        WrongValue{"WORKER_MATCH", "api/*"}, WrongValue{"WORKER_MATCH", "/*;!api"},
        WrongValue{"WORKER_MATCH", ","}, WrongValue{"WORKER_ENV", "STAGE"},
        WrongValue{"WORKER_ENV", "A=1;=2"}, WrongValue{"WORKER_WATCH", "src/**.php"},
        WrongValue{"WATCH_IGNORE", "{a"}, WrongValue{"WATCH_POLL", "soon"},
        WrongValue{"WORKER_MODE", "fast"}, WrongValue{"WORKER_MODE", "loop;Loop"},
        WrongValue{"WORKER_MAX_FAILURES", "-2"}, WrongValue{"SNAPSHOT_READY", "x"},
        WrongValue{"SNAPSHOT_READY", "0"}, WrongValue{"PHP_MAX_MEMORY", "x"},
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

class LoadTlsConfig : public LoadConfig {
 protected:
  // Writes NAME.pem and NAME-key.pem.
  void put(const std::string& name, const net::TlsPair& pair) {
    write(name + ".pem", pair.chain);
    write(name + "-key.pem", pair.key);
  }
  std::string cert(const std::string& name) const { return (root_ / name).string() + ".pem"; }
  std::string key(const std::string& name) const { return cert(name + "-key"); }
  // One problem and no other: it begins with `line`.
  void expect_problem(std::vector<std::string> environment, const std::string& name,
                      const std::string& what) {
    EXPECT_THAT(load(environment).problems,
                ElementsAre(AllOf(StartsWith(name + "="), HasSubstr(": " + what))));
  }
};

TEST_F(LoadTlsConfig, TakesAPair) {
  put("a", net::make_pair());
  Loaded loaded = load({"TLS_LISTEN_ADDR=:8443", "TLS_CERT=" + cert("a"), "TLS_KEY=" + key("a")});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.config.listen, ElementsAre("0.0.0.0:8080"));
  EXPECT_THAT(loaded.config.tls_listen, ElementsAre(":8443"));
}

TEST_F(LoadTlsConfig, APairAloneIsForListenAddr) {
  put("a", net::make_pair());
  Config config = load({"TLS_CERT=" + cert("a"), "TLS_KEY=" + key("a")}).config;
  EXPECT_THAT(config.listen, IsEmpty());
  EXPECT_THAT(config.tls_listen, ElementsAre("0.0.0.0:8080"));
}

TEST_F(LoadTlsConfig, HalfAPairIsAnError) {
  put("a", net::make_pair());
  put("b", net::make_pair());
  expect_problem({"TLS_CERT=" + cert("a")}, "TLS_CERT", "needs as many files in TLS_KEY");
  expect_problem({"TLS_KEY=" + key("a")}, "TLS_KEY", "needs as many files in TLS_CERT");
  expect_problem({"TLS_CERT=" + cert("a") + "," + cert("b"), "TLS_KEY=" + key("a")}, "TLS_CERT",
                 "needs as many");
  expect_problem({"TLS_CERT=" + cert("a"), "TLS_KEY=" + key("a") + "," + key("b")}, "TLS_KEY",
                 "needs as many");
}

TEST_F(LoadTlsConfig, FilesThatDoNotServeAreNamed) {
  put("a", net::make_pair());
  put("b", net::make_pair());
  write("empty.pem", "");
  auto expect = [&](const std::string& certificate, const std::string& private_key,
                    const std::string& name, const std::string& what) {
    expect_problem({"TLS_CERT=" + certificate, "TLS_KEY=" + private_key}, name, what);
  };
  expect("/no/x.pem", key("a"), "TLS_CERT", "/no/x.pem: No such file");
  expect(cert("a"), "/no/x.pem", "TLS_KEY", "/no/x.pem: No such file");
  expect(root_.string(), key("a"), "TLS_CERT", root_.string() + ": not a file");
  expect(cert("empty"), key("a"), "TLS_CERT", cert("empty") + ": not a certificate in PEM form");
  expect(cert("a"), cert("empty"), "TLS_KEY", cert("empty") + ": not a private key in PEM form");
  expect(cert("a"), key("b"), "TLS_KEY", key("b") + ": does not match its certificate");
  expect(cert("a") + "," + cert("b"), key("a") + "," + cert("b"), "TLS_KEY",
         cert("b") + ": not a private key");
}

TEST_F(LoadTlsConfig, AnExpiredCertificateIsANotice) {
  put("a", net::make_pair({.valid_from = -7200, .valid_until = -3600}));
  Loaded loaded = load({"TLS_CERT=" + cert("a"), "TLS_KEY=" + key("a")});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.config.notices, Contains(HasSubstr(cert("a") + ": expired on ")));
}

TEST_F(LoadTlsConfig, ARedirectNeedsBothKindsOfListener) {
  put("a", net::make_pair());
  std::string certificate = "TLS_CERT=" + cert("a"), private_key = "TLS_KEY=" + key("a");
  expect_problem({"TLS_REDIRECT=1"}, "TLS_REDIRECT", "needs TLS_LISTEN_ADDR beside LISTEN_ADDR");
  expect_problem({"TLS_REDIRECT=1", certificate, private_key}, "TLS_REDIRECT",
                 "needs TLS_LISTEN_ADDR beside LISTEN_ADDR");
  expect_problem({"TLS_REDIRECT=1", certificate, private_key, "TLS_LISTEN_ADDR=unix:/tmp/x.sock"},
                 "TLS_REDIRECT", "needs a port in TLS_LISTEN_ADDR");
  Loaded loaded = load({"TLS_REDIRECT=1", certificate, private_key, "TLS_LISTEN_ADDR=:8443"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_TRUE(loaded.config.tls_redirect);
}

TEST_F(LoadTlsConfig, AddressesNeedAPair) {
  expect_problem({"TLS_LISTEN_ADDR=:8443"}, "TLS_LISTEN_ADDR", "needs TLS_CERT and TLS_KEY");
}

TEST_F(LoadConfig, ThePoolGrowsOnlyWhenAskedToOrWhenNoNumberWasChosen) {
  EXPECT_EQ(load({"PHP_WORKERS=3"}).config.php_workers_max, 3U);
  EXPECT_EQ(load({"PHP_WORKERS=3", "PHP_WORKERS_MAX=9"}).config.php_workers_max, 9U);
  EXPECT_EQ(load({"PHP_WORKERS_MAX=1000"}).config.php_workers_max, 1000U);
  EXPECT_THAT(load({"PHP_WORKERS=3", "PHP_WORKERS_MAX=2"}).problems,
              ElementsAre(AllOf(StartsWith("PHP_WORKERS_MAX=2"), HasSubstr("PHP_WORKERS"))));
}

TEST_F(LoadConfig, MoreHostsThanWorkersIsSaid) {
  EXPECT_THAT(load({"PHP_HOSTS=3", "PHP_WORKERS=3"}).config.notices,
              Not(Contains(HasSubstr("PHP_HOSTS"))));
  EXPECT_THAT(load({"PHP_HOSTS=4", "PHP_WORKERS=3"}).config.notices,
              Contains(StartsWith("PHP_HOSTS=4: there are no more processes than workers, 3")));
  Config config = load({"PHP_HOSTS=3"}).config;
  EXPECT_THAT(idle_hosts_notice(config, "8.2.35 NTS"), HasSubstr("8.2.35 NTS"));
  EXPECT_EQ(idle_hosts_notice(config, "8.4.24 ZTS"), "");
  EXPECT_EQ(idle_hosts_notice(load().config, "8.2.35 NTS"), "");
}

class LoadWorkerScripts : public LoadConfig {
 protected:
  void SetUp() override {
    LoadConfig::SetUp();
    write("a.php", "");
    write("b.php", "");
  }
  // One problem and no other.
  void expect_problem(std::vector<std::string> environment, const std::string& text) {
    EXPECT_THAT(load(std::move(environment)).problems, ElementsAre(HasSubstr(text)));
  }
};

TEST_F(LoadWorkerScripts, OneEntryIsForAllAndAnEmptyOneStandsForTheDefault) {
  Loaded loaded = load({"WORKER_SCRIPT=a.php; b.php", "WORKER_NUM=;3", "WORKER_MATCH=/a/*,!/a/x;",
                        "WORKER_ENV=K=1,2,L=;M=x", "WORKER_MAX_FAILURES=-1",
                        "WORKER_MODE=;snapshot", "SNAPSHOT_READY=7", "QUEUE_CAPACITY=0"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  const auto& scripts = loaded.config.worker_scripts;
  ASSERT_EQ(scripts.size(), 2U);
  EXPECT_EQ(scripts[0].given, "a.php");
  EXPECT_EQ(scripts[0].path, (root_ / "a.php").string());
  EXPECT_EQ(scripts[0].name, "/a.php");
  EXPECT_EQ(scripts[0].num, loaded.config.cpus);
  EXPECT_EQ(scripts[1].num, 3U);
  EXPECT_EQ(scripts[1].queue_capacity, 300U);
  EXPECT_THAT(scripts[0].match, ElementsAre("/a/*", "!/a/x"));
  EXPECT_THAT(scripts[1].match, ElementsAre("/*"));
  EXPECT_THAT(scripts[0].environment, ElementsAre("K=1,2", "L="));
  EXPECT_THAT(scripts[1].environment, ElementsAre("M=x"));
  EXPECT_EQ(scripts[1].max_failures, std::nullopt);
  EXPECT_EQ(scripts[0].mode, WorkerMode::kLoop);
  EXPECT_EQ(scripts[1].mode, WorkerMode::kSnapshot);
  EXPECT_EQ(scripts[0].snapshot_ready, 7U);
  EXPECT_EQ(load({"WORKER_SCRIPT=a.php"}).config.worker_scripts[0].max_failures, 6U);
  EXPECT_THAT(load({"WORKER_SCRIPT=a.php", "WORKER_MATCH=!/x"}).config.worker_scripts[0].match,
              ElementsAre("/*", "!/x"));
}

TEST_F(LoadWorkerScripts, AreBelowTheDocumentRootOrElsewhere) {
  auto script = [&](const std::string& given, const std::string& root) {
    return load({"DOCUMENT_ROOT=" + root, "WORKER_SCRIPT=" + given}).config.worker_scripts.at(0);
  };
  fs::create_directory(root_ / "public");
  fs::create_directory_symlink(root_, root_ / "current");
  std::string root = root_.string(), below = root + "/public";
  EXPECT_EQ(script("./a.php", root).name, "/a.php");
  EXPECT_EQ(script("../a.php", below).name, "");
  EXPECT_EQ(script("../a.php", below).path, root + "/a.php");
  EXPECT_EQ(script(root + "/a.php", below).name, "");
  // As DOCUMENT_ROOT: a link in the way is followed.
  EXPECT_EQ(script(root + "/current/a.php", root + "/current").name, "/a.php");
  EXPECT_EQ(script(root + "/current/a.php", below).path, root + "/a.php");
}

TEST_F(LoadWorkerScripts, NeedAsManyEntriesAsThereAreScripts) {
  expect_problem({"WORKER_SCRIPT=a.php;b.php", "WORKER_NUM=1;2;3"},
                 "WORKER_NUM=1;2;3 (from the environment): 3 entries for the 2 of WORKER_SCRIPT");
  expect_problem({"WORKER_SCRIPT=a.php", "WORKER_MATCH=/a/*;/b/*"}, "WORKER_MATCH=");
  expect_problem({"WORKER_SCRIPT=a.php", "USE_EXT=0"}, "USE_EXT=0");
  expect_problem({"WORKER_SCRIPT=a.php;none.php"}, "no such file: " + root_.string() + "/none.php");
}

TEST_F(LoadWorkerScripts, AreMissedBySettingsThatAreSetWithoutThem) {
  EXPECT_THAT(load({"WORKER_NUM=2", "WORKER_MATCH=/*"}).config.notices,
              AllOf(Contains("WORKER_NUM has no effect without WORKER_SCRIPT"),
                    Not(Contains(HasSubstr("WORKER_MATCH")))));
}

TEST_F(LoadWorkerScripts, StayAtAReloadAndSoDoTheirPools) {
  Config in_use = load({"WORKER_SCRIPT=a.php", "INDEX_FILE=index.php"}).config;
  EXPECT_FALSE(in_use.classic_pool);
  auto reload = [&](std::vector<std::string> environment) {
    sources_.in_use = &in_use;
    Config next = load(std::move(environment)).config;
    sources_.in_use = nullptr;
    return next;
  };
  Config next = reload(
      {"WORKER_SCRIPT=b.php", "WORKER_MODE=snapshot", "WORKER_NUM=5", "INDEX_FILE=index.php"});
  EXPECT_THAT(next.restart_wanted, ElementsAre("WORKER_SCRIPT", "WORKER_MODE"));
  EXPECT_EQ(next.worker_scripts.at(0).given, "a.php");
  EXPECT_EQ(next.worker_scripts.at(0).mode, WorkerMode::kLoop);
  EXPECT_EQ(next.worker_scripts.at(0).num, 5U);
  // There are no workers for what this would lead to them.
  next = reload({"WORKER_SCRIPT=a.php", "INDEX_FILE=index.php", "INDEX_SCRIPTS=1"});
  EXPECT_THAT(next.restart_wanted, ElementsAre("INDEX_SCRIPTS"));
  EXPECT_FALSE(next.classic_pool);
  EXPECT_FALSE(next.index_scripts);
  // Those that there are stay.
  in_use = load({"WORKER_SCRIPT=a.php"}).config;
  EXPECT_TRUE(in_use.classic_pool);
  next = reload({"WORKER_SCRIPT=a.php", "INDEX_FILE=index.php"});
  EXPECT_THAT(next.restart_wanted, IsEmpty());
  EXPECT_TRUE(next.classic_pool);
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

TEST_F(LoadConfig, TakesTheLimitsOfConnections) {
  Config config = load().config;
  EXPECT_GE(config.max_connections, 1U);
  EXPECT_EQ(config.max_connections_per_ip, 0U);
  config = load({"MAX_CONNECTIONS=7", "MAX_CONNECTIONS_PER_IP=3"}).config;
  EXPECT_EQ(config.max_connections, 7U);
  EXPECT_EQ(config.max_connections_per_ip, 3U);
  EXPECT_THAT(load({"MAX_CONNECTIONS=2000000000"}).config.notices,
              Contains(StartsWith("MAX_CONNECTIONS=2000000000 is ")));
}

TEST_F(LoadConfig, TakesTheRateOfRequests) {
  EXPECT_EQ(load().config.rate_limit, 0U);
  EXPECT_EQ(load().config.rate_window, 60 * base::kSecond);
  Config config = load({"RATE_LIMIT=100", "RATE_WINDOW=5m"}).config;
  EXPECT_EQ(config.rate_limit, 100U);
  EXPECT_EQ(config.rate_window, 300 * base::kSecond);
}

TEST_F(LoadConfig, TakesAStoreOfTheRate) {
  EXPECT_EQ(load().config.rate_limit_store, "");
  EXPECT_EQ(load({"RATE_LIMIT_STORE=memory"}).config.rate_limit_store, "");
  EXPECT_EQ(load({"RATE_LIMIT_STORE=redis://h/2"}).config.rate_limit_store, "redis://h/2");
  EXPECT_THAT(
      load({"RATE_LIMIT_STORE=redis://u:hush@h/x"}).problems,
      ElementsAre(AllOf(HasSubstr("neither memory nor a Redis URL"), Not(HasSubstr("hush")))));
}

TEST_F(LoadConfig, SaysThatClientsBehindAProxyShareOneLimit) {
  auto notice = [&](std::vector<std::string> environment) {
    return shared_limit_notice(load(std::move(environment)).config);
  };
  EXPECT_EQ(notice({"LISTEN_ADDR=127.0.0.1:0"}), "");
  EXPECT_EQ(notice({"RATE_LIMIT=5", "LISTEN_ADDR=0.0.0.0:0,:80,name:1"}), "");
  EXPECT_THAT(notice({"RATE_LIMIT=5", "LISTEN_ADDR=:80,127.0.0.1:0"}), HasSubstr("127.0.0.1:0"));
  EXPECT_THAT(notice({"RATE_LIMIT=5", "LISTEN_ADDR=[::1]:81"}), HasSubstr("[::1]:81"));
  EXPECT_THAT(notice({"RATE_LIMIT=5", "LISTEN_ADDR=unix:/tmp/x"}), HasSubstr("unix:/tmp/x"));
  EXPECT_EQ(notice({"RATE_LIMIT=5", "LISTEN_ADDR=unix:/tmp/x", "TRUSTED_PROXIES=unix"}), "");
  EXPECT_EQ(notice({"RATE_LIMIT=5", "LISTEN_ADDR=127.0.0.1:0", "TRUSTED_PROXIES=127.0.0.1"}), "");
}

TEST_F(LoadConfig, TakesTrustedProxies) {
  Config config = load({"TRUSTED_PROXIES=10.0.0.0/8, 2001:db8::1 ,unix"}).config;
  EXPECT_TRUE(config.trusted_proxies.contains(*net::parse_ip("10.1.2.3")));
  EXPECT_TRUE(config.trusted_proxies.contains(std::nullopt));
  EXPECT_FALSE(config.trusted_proxies.contains(*net::parse_ip("2001:db8::2")));
  EXPECT_FALSE(load().config.trusted_proxies.contains(std::nullopt));
}

TEST_F(LoadConfig, TellsPhpWhoItRunsAs) {
  Config config = load({"HOME=/of/the/starter", "USER=starter"}).config;
  std::string user = config.run_as ? config.run_as->user : "starter";
  std::string home = config.run_as ? config.run_as->home : "/of/the/starter";
  EXPECT_THAT(config.php_environment, Contains("USER=" + user));
  EXPECT_THAT(config.php_environment, Contains("HOME=" + home));
}

TEST_F(LoadConfig, KeepsItsSocketsAndTheServiceManagerFromPhp) {
  Config config = load({"LISTEN_PID=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", "LISTEN_FDX=kept",
                        "NOTIFY_SOCKET=/x", "WATCHDOG_PID=1", "WATCHDOG_USEC=9"})
                      .config;
  EXPECT_THAT(config.inherited, IsEmpty()) << "of another process";
  EXPECT_THAT(config.php_environment, Contains("LISTEN_FDX=kept"));
  for (std::string_view name : kInheritedVariables) {
    EXPECT_THAT(config.php_environment, Not(Contains(StartsWith(std::string(name) + "="))));
  }
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
              Contains("HOWDAH_LISTEN_ADR is no setting of Howdah: LISTEN_ADDR is one"));
  EXPECT_THAT(load({"HOWDAH_MARKER=1"}).config.notices,
              Contains("HOWDAH_MARKER is no setting of Howdah"));
  sources_.env_file = write("env", "PHP_WORKER=3\nPHP_WORKERS_X=1\n");
  EXPECT_THAT(load({"PHP_WORKER=2", "TLS_CRT=/x"}).config.notices,
              AllOf(Contains("PHP_WORKER is no setting of Howdah: PHP_WORKERS is one").Times(1),
                    Contains("TLS_CRT is no setting of Howdah: TLS_CERT is one")));
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
  EXPECT_THAT(config.php_ini_set, ElementsAre("display_errors=1", "opcache.validate_timestamps=1",
                                              "opcache.revalidate_freq=0", "display_errors=0"));
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
