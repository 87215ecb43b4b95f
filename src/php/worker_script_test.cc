// A script that takes one request after the other, in the real worker program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "php/worker_script_fixture.h"

namespace howdah::php {
namespace {

using channel::ControlType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Script, KeepsItsStateAndServesRequestAfterRequest) {
  handle_by(
      "echo $n, ':', $GLOBALS['boots'], ':', $_GET['i'] ?? '-', ':', $_SERVER['QUERY_STRING'];",
      "$boots = ($boots ?? 0) + 1;");
  EXPECT_EQ(get("i=7").body, "1:1:7:i=7");
  EXPECT_EQ(get("i=8").body, "2:1:8:i=8");
  EXPECT_EQ(get().body, "3:1:-:");
}

TEST_F(Script, SuperglobalsAreTheRequests) {
  handle_by(
      "echo json_encode([$_GET, $_POST, $_COOKIE, $_REQUEST, $_SERVER['REQUEST_METHOD'], "
      "file_get_contents('php://input'), isset($_SERVER['FRANKENPHP_WORKER']), "
      "isset($_SERVER['BOOT']), getenv('FRANKENPHP_WORKER'), getenv('BOOT')]);");
  auto first = driver.run({.method = "POST",
                           .script = "x",
                           .query = "a=1",
                           .body = "b=2",
                           .content_type = "application/x-www-form-urlencoded",
                           .headers = {{"Cookie", "c=3"}}});
  EXPECT_EQ(
      first.body,
      R"([{"a":"1"},{"b":"2"},{"c":"3"},{"a":"1","b":"2"},"POST","b=2",false,false,"1","yes"])");
  EXPECT_EQ(get().body, R"([[],[],[],[],"GET","",false,false,"1","yes"])");
}

TEST_F(Script, BootSeesAnEmptyGet) {
  handle_by("echo json_encode($GLOBALS['boot']);",
            "$boot = [$_GET, $_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI'], "
            "$_SERVER['SCRIPT_NAME'], basename($_SERVER['SCRIPT_FILENAME']), "
            "$_SERVER['FRANKENPHP_WORKER'], $_SERVER['BOOT'], isset($_SERVER['CONTENT_TYPE']), "
            "isset($_SERVER['PATH_INFO']), isset($_SERVER['HTTPS']), isset($_SERVER['argv'])];");
  EXPECT_EQ(get().body,
            R"([[],"GET","","\/worker.php","worker.php","1","yes",false,false,false,false])");
}

TEST_F(Script, HeadersStatusAndBuffersAreTheRequests) {
  handle_by(
      "if ($n == 1) { header('X-A: 1'); http_response_code(404); ob_start(); echo 'left open'; } "
      "else echo http_response_code(), json_encode(headers_list()), ob_get_level();");
  auto first = get();
  EXPECT_EQ(first.status, 404);
  EXPECT_EQ(first.header("X-A"), "1");
  EXPECT_EQ(first.body, "left open");
  auto second = get();
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.header("X-A"), "");
  EXPECT_THAT(second.body, Not(HasSubstr("X-A")));
  EXPECT_EQ(second.header("Content-type"), "text/html; charset=UTF-8");
}

TEST_F(Script, ExitCompletesTheAnswerAndStartsTheScriptAgain) {
  handle_by("echo $n; if (isset($_GET['die'])) { header('X-Late: 1'); exit('!'); }",
            "register_shutdown_function(function () { echo 'S'; });");
  EXPECT_EQ(get().body, "1");
  auto dying = get("die=1");
  EXPECT_EQ(dying.body, "2!S");
  EXPECT_EQ(dying.header("X-Late"), "1");
  EXPECT_TRUE(dying.ended);
  EXPECT_EQ(get().body, "1");
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
}

TEST_F(Script, AnUncaughtExceptionCostsItsRequestOnly) {
  handle_by("if (isset($_GET['t'])) throw new Exception('oops'); echo $n;");
  EXPECT_EQ(get().body, "1");
  auto thrown = get("t=1");
  EXPECT_EQ(thrown.status, 500);
  ASSERT_FALSE(thrown.logs.empty());
  EXPECT_THAT(thrown.logs[0], HasSubstr("Uncaught Exception: oops"));
  auto next = get();
  EXPECT_EQ(next.body, "3");
  EXPECT_EQ(next.status, 200);
}

TEST_F(Script, AFatalErrorStartsTheScriptAgain) {
  handle_by(
      "if (isset($_GET['f'])) { ini_set('memory_limit', '16M'); str_repeat('x', 1 << 28); } echo "
      "$n;");
  EXPECT_EQ(get().body, "1");
  EXPECT_EQ(get("f=1").status, 500);
  EXPECT_EQ(get().body, "1");
}

TEST_F(Script, NestedCallsThrow) {
  handle_by(
      "try { frankenphp_handle_request(function () {}); } catch (RuntimeException $e) { echo "
      "$e->getMessage(); }");
  EXPECT_THAT(get().body, HasSubstr("while a request is being handled"));
}

TEST_F(Script, SessionsDoNotLeak) {
  handle_by(
      "if (isset($_GET['start'])) { session_id('abcdefabcdefabcdefabcdefab'); session_start(); "
      "$_SESSION['secret'] = 1; } echo json_encode([$_SESSION ?? null, session_id(), "
      "session_status()]);",
      "session_save_path(sys_get_temp_dir());");
  EXPECT_THAT(get("start=1").body, HasSubstr("secret"));
  EXPECT_EQ(get().body, R"([null,"",1])");
}

TEST_F(Script, UserSessionHandlersStay) {
  handle_by(
      "session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; echo $_SESSION['n'], "
      "ini_get('session.save_handler');",
      "class H implements SessionHandlerInterface { static $d = []; "
      "function open($p, $n): bool { return true; } function close(): bool { return true; } "
      "function read($i): string|false { return self::$d[$i] ?? ''; } "
      "function write($i, $d): bool { self::$d[$i] = $d; return true; } "
      "function destroy($i): bool { return true; } function gc($m): int|false { return 0; } } "
      "session_set_save_handler(new H, false); ini_set('session.use_strict_mode', '0');");
  TestRequest request{.script = "x", .headers = {{"Cookie", "PHPSESSID=abc"}}};
  EXPECT_EQ(driver.run(request).body, "1user");
  EXPECT_EQ(driver.run(request).body, "2user");
}

TEST_F(Script, ResourcesMemoryAndDescriptorsStayTheSame) {
  handle_by(
      "echo count(get_resources()), ' ', strlen(file_get_contents('php://input')), ' ', "
      "count(scandir('/proc/self/fd')), ' ', memory_get_usage();");
  TestRequest request{.method = "POST",
                      .script = "x",
                      .body = std::string(20'000, 'x'),
                      .content_type = "application/octet-stream"};
  std::string after_some;
  for (int i = 0; i < 200; ++i) after_some = driver.run(request).body;
  for (int i = 0; i < 2000; ++i) (void)driver.run(request);
  EXPECT_EQ(driver.run(request).body, after_some);
}

TEST_F(Script, RandomNumbersOfOneRequestSayNothingOfTheNext) {
  handle_by(
      "if ($n == 1) { mt_srand(1); mt_rand(); } else { $drawn = mt_rand(); mt_srand(1); mt_rand(); "
      "echo mt_rand() === $drawn ? 'told' : 'unknown'; }");
  get();
  EXPECT_EQ(get().body, "unknown");
}

TEST_F(Script, BetweenRequestsOutputGoesToTheLog) {
  start(
      "<?php echo \"booting\\n\"; while (frankenphp_handle_request(function () { echo 'x'; })) { "
      "echo \"between\\n\"; }");
  EXPECT_EQ(get().body, "x");
  EXPECT_EQ(get().body, "x");
  for (int i = 0; i < 100 && all_lines().find("between") == std::string::npos; ++i) {
    driver.wait_for(ControlType::kExited, 20);
  }
  EXPECT_THAT(all_lines(), HasSubstr("booting"));
  EXPECT_THAT(all_lines(), HasSubstr("between"));
}

TEST_F(Script, ABootThatEndsIsReported) {
  start("<?php echo 'no loop here';");
  EXPECT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_EQ(WEXITSTATUS(driver.seen[ControlType::kExited].header.status), channel::kExitBootFailed);
}

TEST_F(Script, WarningsOfParsingReachTheBootsHandlerAlone) {
  handle_by(
      "echo json_encode($GLOBALS['seen']); $GLOBALS['seen'] = []; set_error_handler(function () { "
      "echo 'LATER'; });",
      "ini_set('display_errors', '1'); $seen = []; set_error_handler(function ($t, $m) { "
      "$GLOBALS['seen'][] = substr($m, 0, 26); return true; });");
  std::string body;
  for (int i = 0; i < 1100; ++i) body += "a" + std::to_string(i) + "=1&";
  TestRequest request{.method = "POST",
                      .script = "x",
                      .body = body,
                      .content_type = "application/x-www-form-urlencoded"};
  EXPECT_EQ(driver.run(request).body, R"(["frankenphp_handle_request("])");
  EXPECT_EQ(driver.run(request).body, R"(["frankenphp_handle_request("])");
}

}  // namespace
}  // namespace howdah::php
