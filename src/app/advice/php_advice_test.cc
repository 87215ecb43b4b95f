#include "app/advice/php_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace howdah::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A server about which there is nothing to say.
struct Server {
  Config config;
  PhpFacts php;
  SiteSize site{.root = "/srv", .php_files = 100, .php_bytes = 1 << 20};

  Server() {
    config.request_timeout = 120 * base::kSecond;
    config.max_body_size = 128 << 20;
    config.run_as = Identity{.user = "web"};
    php.zend_extensions = {"Zend OPcache"};
    php.ini = {{"opcache.enable", "1"},
               {"opcache.file_cache_only", "0"},
               {"opcache.max_accelerated_files", "10000"},
               {"opcache.memory_consumption", "128"},
               {"opcache.validate_timestamps", "1"},
               {"opcache.revalidate_freq", "2"},
               {"opcache.jit", "tracing"},
               {"opcache.jit_buffer_size", "64M"},
               {"opcache.jit_max_root_traces", "16384"},
               {"opcache.jit_max_exit_counters", "8192"},
               {"realpath_cache_size", "4096K"},
               {"max_execution_time", "30"},
               {"post_max_size", "8M"},
               {"upload_max_filesize", "2M"},
               {"file_uploads", "1"},
               {"memory_limit", "128M"},
               {"display_errors", ""},
               {"log_errors", "1"},
               {"zend.assertions", "-1"}};
    php.directories = {{"session.save_path", "/var/lib/sessions", true}};
  }

  std::vector<std::string> settings() const {
    std::vector<std::string> names;
    for (const Advice& advice : advise(config, php, site)) names.push_back(advice.setting);
    return names;
  }
};

TEST(PhpAdvice, IsSilentAboutGoodSettings) {
  Server server;
  EXPECT_THAT(server.settings(), IsEmpty());
  EXPECT_TRUE(opcache_on(server.php));
  EXPECT_TRUE(jit_on(server.php));
}

struct Case {
  const char* setting;  // that the advice is about
  const char* value;    // set before, unless `change` does all
  std::function<void(Server&)> change;
  const char* says;
};

TEST(PhpAdvice, NamesSettingValueReasonAndRemedy) {
  const Case kCases[] = {
      {"opcache.enable", "0", nullptr, "compiles its scripts anew"},
      {"opcache.file_cache_only", "1", nullptr, "no JIT"},
      {"opcache.max_accelerated_files", "200", [](Server& s) { s.site.php_files = 224; },
       "/srv has 224 PHP files of 1 MB, and OPcache keeps 223"},
      {"opcache.memory_consumption", "8", [](Server& s) { s.site.php_bytes = 5 << 20; },
       "take 10 MB or more"},
      {"opcache.revalidate_freq", "0", nullptr, "asks the file system"},
      {"opcache.jit_buffer_size", "0", nullptr, "opcache.jit=tracing has no memory"},
      {"opcache.jit_max_root_traces", "1024", nullptr, "after 1024 traces PHP's JIT can damage"},
      {"opcache.jit", "tracing",
       [](Server& s) {
         s.php.executor_replaced = true;
         s.php.zend_extensions.push_back("Xdebug");
       },
       "(Xdebug) replaces PHP's executor"},
      {"realpath_cache_size", "16K", nullptr, "again and again"},
      {"max_execution_time", "121", nullptr, "REQUEST_TIMEOUT=2m ends the script before"},
      {"max_execution_time", "0", [](Server& s) { s.config.request_timeout = 0; }, "for ever"},
      {"post_max_size", "129M", [](Server& s) { s.php.ini["memory_limit"] = "256M"; },
       "MAX_BODY_SIZE=128m refuses larger bodies with 413"},
      {"post_max_size", "100M", [](Server& s) { s.php.ini["memory_limit"] = "64M"; },
       "memory_limit=64M"},
      {"upload_max_filesize", "9M", nullptr, "post_max_size=8M drops the form"},
      {"memory_limit", "-1", nullptr, "all memory"},
      {"display_errors", "On", nullptr, "clients see messages"},
      {"display_errors", "stdout", nullptr, "clients see messages"},
      {"user_ini.filename", "", [](Server& s) { s.site.user_ini = "/srv/.user.ini"; },
       "/srv/.user.ini is not honoured"},
      {"log_errors", "", nullptr, "does not tell why"},
      {"zend.assertions", "1", nullptr, "assert()"},
  };
  for (const Case& each : kCases) {
    Server server;
    server.php.ini[each.setting] = each.value;
    if (each.change) each.change(server);
    std::vector<Advice> found = advise(server.config, server.php, server.site);
    ASSERT_EQ(found.size(), 1u) << each.setting << "=" << each.value;
    EXPECT_EQ(found[0].setting, each.setting);
    EXPECT_EQ(found[0].value, each.value);
    EXPECT_THAT(found[0].why, HasSubstr(each.says));
    EXPECT_FALSE(found[0].remedy.empty()) << each.setting;
    EXPECT_EQ(found[0].text(),
              found[0].setting + "=" + each.value + ": " + found[0].why + "; " + found[0].remedy);
  }
}

TEST(PhpAdvice, SaysWhatThereIsNotToSay) {
  const std::pair<const char*, std::function<void(Server&)>> kCases[] = {
      {"no time limit of PHP's own", [](Server& s) { s.php.ini["max_execution_time"] = "0"; }},
      {"no size limit of PHP's own", [](Server& s) { s.php.ini["post_max_size"] = "0"; }},
      {"no body limit", [](Server& s) { s.config.max_body_size = 0; }},
      {"no uploads",
       [](Server& s) {
         s.php.ini["file_uploads"] = "0";
         s.php.ini["upload_max_filesize"] = "1G";
       }},
      {"the JIT is not wanted", [](Server& s) { s.php.ini["opcache.jit"] = "disable"; }},
      {"files are never looked at again",
       [](Server& s) {
         s.php.ini["opcache.validate_timestamps"] = "0";
         s.php.ini["opcache.revalidate_freq"] = "0";
       }},
      {"OPcache rounds up", [](Server& s) { s.site.php_files = 16229; }},
      {"PHP does without a realpath cache",
       [](Server& s) {
         s.php.ini["realpath_cache_size"] = "0";
         s.php.ini["open_basedir"] = "/srv";
       }},
      {"messages for the log", [](Server& s) { s.php.ini["display_errors"] = "stderr"; }},
  };
  for (const auto& [what, change] : kCases) {
    Server server;
    change(server);
    EXPECT_THAT(server.settings(), IsEmpty()) << what;
  }
}

TEST(PhpAdvice, IsSilentAboutProductionInDevelopment) {
  Server server;
  server.php.ini["display_errors"] = "1";
  server.php.ini["log_errors"] = "";
  server.php.ini["zend.assertions"] = "1";
  server.php.ini["memory_limit"] = "-1";
  server.php.ini["opcache.revalidate_freq"] = "0";
  EXPECT_EQ(server.settings().size(), 5u);
  server.config.development = true;
  EXPECT_THAT(server.settings(), IsEmpty());
}

TEST(PhpAdvice, SaysOnlyThatOpcacheIsMissing) {
  Server server;
  server.php.zend_extensions.clear();
  server.php.ini["opcache.enable"] = "0";
  EXPECT_THAT(server.settings(), ElementsAre("zend_extension"));
  EXPECT_FALSE(opcache_on(server.php));
  EXPECT_FALSE(jit_on(server.php));
}

TEST(PhpAdvice, NamesWhoCannotWrite) {
  Server server;
  server.php.directories[0].writable = false;
  std::vector<Advice> found = advise(server.config, server.php, server.site);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].text(),
              HasSubstr("session.save_path=/var/lib/sessions: web cannot write there"));
}

}  // namespace
}  // namespace howdah::app
