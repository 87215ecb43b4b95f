// What one request inside a worker script leaves for the next: nothing of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "php/worker_script_fixture.h"

namespace howdah::php {
namespace {

using channel::ControlType;
using ::testing::HasSubstr;
using ::testing::Not;

using HandledRequest = Script;

constexpr const char* kForm = "application/x-www-form-urlencoded";

TEST_F(HandledRequest, AQuerysBodyIsReadAsThatOfAPost) {
  handle_by("echo json_encode([$_POST, $_SERVER['REQUEST_METHOD']]);");
  EXPECT_EQ(
      driver.run({.method = "QUERY", .script = "x", .body = "a=1", .content_type = kForm}).body,
      R"([{"a":"1"},"QUERY"])");
  EXPECT_EQ(get().body, R"([[],"GET"])");
}

TEST_F(HandledRequest, ASessionArrayWithoutASessionGoes) {
  handle_by("if ($n == 1) $_SESSION = ['secret' => 1]; echo json_encode($_SESSION ?? null);");
  EXPECT_EQ(get().body, R"({"secret":1})");
  EXPECT_EQ(get().body, "null");
}

TEST_F(HandledRequest, TheConstantSidHoldsNoOldSession) {
  handle_by(
      "ini_set('session.use_cookies', 0); ini_set('session.use_only_cookies', 0); "
      "if ($n == 1) session_start(); echo '[', @constant('SID'), ']';",
      "session_save_path(sys_get_temp_dir()); ini_set('error_reporting', '0');");
  EXPECT_THAT(get().body, HasSubstr("PHPSESSID="));
  EXPECT_EQ(get().body, "[]");
}

TEST_F(HandledRequest, ZlibLooksAtEachClientAnew) {
  handle_by("ob_start('ob_gzhandler'); echo str_repeat('x', 1000);");
  TestRequest taking{.script = "x", .headers = {{"Accept-Encoding", "gzip"}}};
  EXPECT_EQ(driver.run(taking).header("Content-Encoding"), "gzip");
  EXPECT_EQ(get().body, std::string(1000, 'x'));
  EXPECT_EQ(driver.run(taking).header("Content-Encoding"), "gzip");
}

TEST_F(HandledRequest, RewriteVariablesAreOfOneRequest) {
  handle_by(
      "if (isset($_GET['v'])) output_add_rewrite_var('v', $_GET['v']); echo '<a href=\"p\">';",
      "ini_set('url_rewriter.tags', 'a=href');");
  EXPECT_EQ(get("v=1").body, "<a href=\"p?v=1\">");
  EXPECT_EQ(get().body, "<a href=\"p\">");
  EXPECT_EQ(get("v=2").body, "<a href=\"p?v=2\">");
}

TEST_F(HandledRequest, AfterTheLastRequestNothingIsLeftOfIt) {
  start(
      "<?php session_save_path(sys_get_temp_dir()); $_COOKIE; $handler = function () { echo 'x'; "
      "};\n"
      "while (frankenphp_handle_request($handler)) {}\n"
      "echo 'after:', json_encode([$_COOKIE, $_GET, $_POST, $_SERVER['REQUEST_URI'], "
      "$_SERVER['HTTP_COOKIE'] ?? null, getenv('HTTP_COOKIE'), getallheaders(), "
      "file_get_contents('php://input')]), \"\\n\";");
  EXPECT_EQ(driver
                .run({.method = "POST",
                      .script = "x",
                      .query = "q=1",
                      .body = "a=1",
                      .content_type = kForm,
                      .headers = {{"Cookie", "secret=1"}}})
                .body,
            "x");
  driver.send(ControlType::kFinish);
  driver.channel().retire(0, 1);
  EXPECT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_TRUE(said(R"(after:[[],[],[],"",null,false,[],""])"));
}

TEST_F(HandledRequest, BetweenRequestsNothingOfTheBodyOrTheHeadersIsToBeHad) {
  start(
      "<?php $seen = null; $handler = function () { echo json_encode($GLOBALS['seen']); };\n"
      "while (frankenphp_handle_request($handler)) { $seen = [file_get_contents('php://input'), "
      "getallheaders(), getenv('HTTP_COOKIE'), tokio_request_id(), headers_sent(), ob_get_level(), "
      "http_response_code()]; header('X-Idle: 1'); echo 'idle'; }");
  TestRequest request{
      .method = "PUT", .script = "x", .body = "secret", .headers = {{"Cookie", "secret=1"}}};
  EXPECT_EQ(driver.run(request).body, "null");
  auto second = driver.run(request);
  EXPECT_EQ(second.body, R"(["",[],false,"",false,0,200])");
  EXPECT_EQ(second.header("X-Idle"), "");
}

TEST_F(HandledRequest, AnInputStreamThatTheScriptKeepsIsHarmless) {
  handle_by(
      "echo file_get_contents('php://input'), '|', fread($GLOBALS['boot'], 5), '|'; "
      "if ($n == 1) $GLOBALS['kept'] = fopen('php://input', 'r'); "
      "if ($n == 2) { echo fread($GLOBALS['kept'], 5); $GLOBALS['kept'] = null; } "
      "if ($n > 2) echo count(get_resources());",
      "$boot = fopen('php://input', 'r');");
  TestRequest request{.method = "PUT", .script = "x", .body = "body"};
  EXPECT_EQ(driver.run(request).body, "body||");
  EXPECT_THAT(driver.run(request).body, HasSubstr("body||"));
  std::string third = driver.run(request).body;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(driver.run(request).body, third);
}

TEST_F(HandledRequest, ManyResourcesOfTheScriptDoNotHideAStreamOnTheBody) {
  // So many come and go that PHP keeps them in another kind of table.
  handle_by(
      "for ($i = 0; $i < 300; $i++) fopen('php://memory', 'r'); $in = fopen('php://input', 'r'); "
      "echo fread($in, 4); if ($n % 2) $GLOBALS['kept'] = $in; else "
      "echo fread($GLOBALS['kept'], 4);");
  TestRequest request{.method = "PUT", .script = "x", .body = "body"};
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(driver.run(request).body, "body");
    EXPECT_EQ(driver.run(request).body, "body");
  }
}

TEST_F(HandledRequest, HeaderCallbacksAreOfOneRequest) {
  handle_by(
      "if ($n == 1) header_register_callback(function () { header('X-C: 1'); }); "
      "if ($n == 3) header_register_callback(function () { throw new Exception('in callback'); });",
      "header_register_callback(function () { header('X-Boot: 1'); });");
  auto first = get();
  EXPECT_EQ(first.header("X-C"), "1");
  EXPECT_EQ(first.header("X-Boot"), "");
  auto second = get();
  EXPECT_EQ(second.header("X-C"), "");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(get().status, 500);
  // The exception has ended the script: it begins again.
  EXPECT_EQ(get().header("X-C"), "1");
  std::string said;
  for (const auto& line : logs) said += line;
  EXPECT_THAT(said, HasSubstr("in callback"));
}

TEST_F(HandledRequest, StderrIsThereAndStdinIsNot) {
  handle_by(
      "fwrite(STDERR, \"said on stderr\\n\"); "
      "echo json_encode([defined('STDIN'), defined('STDOUT')]);");
  EXPECT_EQ(get().body, "[false,false]");
  EXPECT_TRUE(said("said on stderr"));
}

TEST_F(HandledRequest, TheBootsErrorHandlerKeepsItsLevels) {
  handle_by(
      "echo count($GLOBALS['seen']), error_get_last() === null ? 'none' : 'told'; "
      "set_error_handler(fn() => true, E_WARNING);",
      "$seen = []; set_error_handler(function ($t, $m) { $GLOBALS['seen'][] = $m; return true; }, "
      "E_NOTICE);");
  std::string body;
  for (int i = 0; i < 1100; ++i) body += "a" + std::to_string(i) + "=1&";
  TestRequest request{.method = "POST", .script = "x", .body = body, .content_type = kForm};
  EXPECT_EQ(driver.run(request).body, "0told");
  EXPECT_EQ(driver.run(request).body, "0told");
  EXPECT_EQ(get().body, "0none");
}

TEST_F(HandledRequest, AHandlerThatSetsAnotherWhileTheBodyIsParsedStays) {
  handle_by(
      "echo count($GLOBALS['seen']);",
      "$seen = []; $later = function () { return true; }; set_error_handler(function ($t, $m) "
      "use ($later) { $GLOBALS['seen'][] = $m; set_error_handler($later); return true; });");
  std::string body;
  for (int i = 0; i < 1100; ++i) body += "a" + std::to_string(i) + "=1&";
  TestRequest request{.method = "POST", .script = "x", .body = body, .content_type = kForm};
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(driver.run(request).body, std::to_string(i));
}

TEST_F(HandledRequest, AHandlerThatThrowsWhileTheBodyIsParsedCostsThisRequest) {
  handle_by("echo $n;", "set_error_handler(function ($t, $m) { throw new ErrorException($m); });");
  std::string body;
  for (int i = 0; i < 1100; ++i) body += "a" + std::to_string(i) + "=1&";
  auto refused = driver.run({.method = "POST", .script = "x", .body = body, .content_type = kForm});
  EXPECT_EQ(refused.status, 500);
  EXPECT_TRUE(refused.ended);
  EXPECT_EQ(get().body, "1");
}

TEST_F(HandledRequest, AnExceptionOfAFiberAndAnExitInOneAreWhatTheyAreElsewhere) {
  handle_by(
      "$f = new Fiber(function () { echo 'fiber ', Fiber::suspend(), ';'; "
      "if (isset($_GET['throw'])) throw new Exception('from a fiber'); "
      "if (isset($_GET['exit'])) exit('gone'); }); $f->start(); $f->resume($_GET['i']); echo $n;");
  EXPECT_EQ(get("i=1").body, "fiber 1;1");
  EXPECT_EQ(get("i=2&throw=1").status, 500);
  EXPECT_EQ(get("i=3").body, "fiber 3;3");
  EXPECT_EQ(get("i=4&exit=1").body, "fiber 4;gone");
  EXPECT_EQ(get("i=5").body, "fiber 5;1");
}

TEST_F(HandledRequest, TheLoopMayRunInAFiber) {
  start(
      "<?php $loop = new Fiber(function () { static $n = 0; while (frankenphp_handle_request("
      "function () use (&$n) { echo ++$n; if (isset($_GET['throw'])) throw new Exception('t'); "
      "if (isset($_GET['leave'])) Fiber::suspend(); if (isset($_GET['exit'])) exit('!'); })) {} "
      "}); $loop->start(); try { frankenphp_handle_request(fn() => null); } catch "
      "(RuntimeException $e) { echo 'left open'; }");
  EXPECT_EQ(get().body, "1");
  EXPECT_EQ(get("throw=1").status, 500);
  EXPECT_EQ(get("exit=1").body, "3!");
  EXPECT_EQ(get().body, "1");
  // The script goes on, and ends, in the middle of a request: that is its answer.
  auto left = get("leave=1");
  EXPECT_EQ(left.body, "2left open");
  EXPECT_TRUE(left.ended);
  EXPECT_EQ(get().body, "1");
}

TEST_F(HandledRequest, WhatCannotBeCalledIsATypeError) {
  handle_by("echo $GLOBALS['said'];",
            "try { frankenphp_handle_request('no such function'); } catch (TypeError $e) { $said = "
            "'TypeError'; }");
  EXPECT_EQ(get().body, "TypeError");
}

#ifndef HOWDAH_PHP_ZTS
TEST_F(HandledRequest, AForkedChildThatComesOutOfTheHandlerServesNothing) {
  handle_by(
      "$child = pcntl_fork(); if ($child === 0) { echo 'of the child'; return; } "
      "pcntl_waitpid($child, $status); echo $n, ' ', pcntl_wexitstatus($status);");
  for (int i = 1; i <= 5; ++i) {
    auto answer = get();
    EXPECT_TRUE(answer.ended);
    EXPECT_EQ(answer.body, std::to_string(i) + " 0");
  }
}
#endif

TEST_F(HandledRequest, OptionsOfTheCommandLineAreNone) {
  handle_by("echo json_encode([getopt('abc'), isset($_SERVER['argv'])]);");
  EXPECT_EQ(get("a+b").body, "[false,false]");
  EXPECT_EQ(get("a+b").body, "[false,false]");
}

TEST_F(HandledRequest, ATimeLimitOfTheBootHoldsForEachRequest) {
  handle_by(
      "if (isset($_GET['spin'])) while (true) file_exists('.'); "
      "$until = hrtime(true) + 300_000_000; while (hrtime(true) < $until) {} echo $n;",
      "set_time_limit(1);");
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(get().body, std::to_string(i));
  auto cut = get("spin=1");
  EXPECT_EQ(cut.status, 500);
  ASSERT_FALSE(cut.logs.empty());
  EXPECT_THAT(cut.logs[0], HasSubstr("Maximum execution time of 1 second exceeded"));
  EXPECT_EQ(get().body, "1");
}

TEST_F(HandledRequest, WaitingIsNotCountedByTheTimeLimit) {
  handle_by("echo $n;", "set_time_limit(1);");
  EXPECT_EQ(get().body, "1");
  ::usleep(1'300'000);  // what is tested is that this time passes unseen
  EXPECT_EQ(get().body, "2");
}

TEST_F(HandledRequest, ASleepIsTimeWhereThePhpCountsTimeThatPasses) {
  handle_by("set_time_limit(1); sleep(2); echo $n;");
#ifdef HOWDAH_PHP_ZTS
  EXPECT_EQ(get().status, 500);
#else
  EXPECT_EQ(get().body, "1");
#endif
}

TEST_F(HandledRequest, TheMemoryLimitIsAppliedAnew) {
  handle_by(
      "if ($n == 1) { ini_set('memory_limit', '64M'); $GLOBALS['held'] = str_repeat('x', 40 << "
      "20); "
      "} else { $GLOBALS['held'] = null; $full = str_repeat('x', 50 << 20); } echo "
      "ini_get('memory_limit');");
  EXPECT_EQ(get().body, "64M");
  EXPECT_EQ(get().body, "64M");
}

TEST_F(HandledRequest, AfterItsAnswerARequestGoesOnUnheard) {
  handle_by(
      "echo 'answer'; $GLOBALS['told'] = [fastcgi_finish_request(), fastcgi_finish_request(), "
      "tokio_finish_request()]; echo 'unheard'; flush(); ob_flush(); "
      "$GLOBALS['told'][] = headers_sent(); "
      "$GLOBALS['told'][] = strlen(file_get_contents('php://input')); if (isset($_GET['t'])) echo "
      "json_encode($before);",
      "$told = null;");
  TestRequest request{.method = "PUT", .script = "x", .body = "body"};
  EXPECT_EQ(driver.run(request).body, "answer");
  EXPECT_EQ(driver.run(request).body, "answer");
}

TEST_F(HandledRequest, UploadsAreOfOneRequest) {
  handle_by(
      "foreach ($_FILES as $file) { $GLOBALS['left'] = $file['tmp_name']; echo "
      "file_get_contents($file['tmp_name']); } "
      "echo json_encode([count($_FILES), file_exists($GLOBALS['left'] ?? '/none'), "
      "is_uploaded_file($GLOBALS['left'] ?? '')]);");
  std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nUpload OK\r\n--b--\r\n";
  EXPECT_EQ(driver
                .run({.method = "POST",
                      .script = "x",
                      .body = body,
                      .content_type = "multipart/form-data; boundary=b"})
                .body,
            "Upload OK[1,true,true]");
  EXPECT_EQ(get().body, "[0,false,false]");
}

// Settings that only a PHP started with them shows.
class AutoStart : public Script {
 protected:
  AutoStart() : Script("session.auto_start=1;session.save_path=/tmp;session.use_strict_mode=0") {}
};

TEST_F(AutoStart, EachRequestHasTheSessionOfItsOwnCookie) {
  handle_by("$_COOKIE; echo session_id();");
  auto ask = [this](const std::string& id) {
    return driver.run({.script = "x", .headers = {{"Cookie", "PHPSESSID=" + id}}}).body;
  };
  EXPECT_EQ(ask("aaaaaaaaaaaaaaaaaaaaaaaaaa"), "aaaaaaaaaaaaaaaaaaaaaaaaaa");
  EXPECT_EQ(ask("bbbbbbbbbbbbbbbbbbbbbbbbbb"), "bbbbbbbbbbbbbbbbbbbbbbbbbb");
  EXPECT_THAT(get().body, Not(HasSubstr("bbb")));
}

class UserIni : public Script {
 protected:
  UserIni() : Script("user_ini.filename=.user.ini") {}
};

TEST_F(UserIni, SettingsOfTheDirectoryAreTheBoots) {
  driver.write_script(".user.ini", "memory_limit=77M\n");
  handle_by("echo ini_get('memory_limit'); ini_set('memory_limit', '99M');",
            "$boot = ini_get('memory_limit');");
  EXPECT_EQ(get().body, "77M");
  EXPECT_EQ(get().body, "99M");
}

class EachGlobalAtOnce : public Script {
 protected:
  EachGlobalAtOnce() : Script("auto_globals_jit=0") {}
};

TEST_F(EachGlobalAtOnce, SuperglobalsAreTheRequests) {
  handle_by("echo json_encode([$_REQUEST, $_SERVER['QUERY_STRING']]);");
  EXPECT_EQ(get("a=1").body, R"([{"a":"1"},"a=1"])");
  EXPECT_EQ(get("b=2").body, R"([{"b":"2"},"b=2"])");
}

}  // namespace
}  // namespace howdah::php
