// The worker program as a whole, with the test as its front.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "php/worker_driver.h"

namespace howdah::php {
namespace {

using channel::ControlType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

#ifdef HOWDAH_PHP_ZTS
constexpr bool kThreads = true;
#else
constexpr bool kThreads = false;
#endif

// The thread sanitizer holds a signal back until the program calls something that it watches, which
// an empty loop in PHP never does.
#ifdef __SANITIZE_THREAD__
constexpr bool kSignalsReachLoops = false;
#else
constexpr bool kSignalsReachLoops = true;
#endif

// What to show when a request went otherwise than expected.
std::string told(const WorkerDriver& driver, const TestAnswer& answer) {
  std::string text = "status " + std::to_string(answer.status) + "\n" + answer.body;
  for (const auto& line : answer.logs) text += "\nlog: " + line;
  for (const auto& line : driver.lines) text += "\nstderr: " + line;
  return text;
}

// Whether no process of the group is alive; reaps those that have been orphaned to this process.
bool group_is_gone(pid_t group) {
  for (int i = 0; i < 200; ++i) {
    ::waitpid(-group, nullptr, WNOHANG);
    if (::kill(-group, 0) != 0) return true;
    ::usleep(10'000);
  }
  return false;
}

class Worker : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(driver.failure(), ""); }
  TestAnswer run(std::string_view php, TestRequest request = {},
                 void (*during)(WorkerDriver&) = nullptr) {
    driver.write_script("t.php", php);
    request.script = "t.php";
    return driver.run(request, during);
  }
  // The next request is served, and well.
  void expect_sound() {
    auto answer = run("<?php echo 'sound';");
    EXPECT_TRUE(answer.ended);
    EXPECT_EQ(answer.body, "sound");
    EXPECT_EQ(answer.status, 200);
  }
  WorkerDriver driver;
};

// --- answers

TEST_F(Worker, AnswersHello) {
  auto answer = run("<?php echo 'hello';");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("Content-type"), "text/html; charset=UTF-8");
  EXPECT_EQ(answer.flushes, 0);
  EXPECT_TRUE(answer.logs.empty());
}

TEST_F(Worker, SendsStatusAndHeadersAsPhpFpm) {
  auto answer =
      run("<?php header('Status: 418'); header('X-A: 1'); header('X-A: 2', false); "
          "header('Content-Type: text/plain'); echo 'x';");
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.header("Status"), "");
  EXPECT_THAT(answer.headers, Contains(std::pair<std::string, std::string>("X-A", "1")));
  EXPECT_THAT(answer.headers, Contains(std::pair<std::string, std::string>("X-A", "2")));
  EXPECT_EQ(run("<?php header('Location: /x');").status, 302);
  EXPECT_EQ(run("<?php header('HTTP/1.1 451 No'); header('Status: 410');").status, 451);
  EXPECT_EQ(run("<?php http_response_code(201);").status, 201);
  auto unchanged = run("<?php http_response_code(304);");
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.header("Content-type"), "");
  EXPECT_EQ(run("<?php echo 1;").status, 200);
}

TEST_F(Worker, FlushSendsAtOnceAndOnlyThen) {
  auto answer = run("<?php ob_end_clean(); echo 'a'; flush(); echo 'b'; flush(); echo 'c';");
  EXPECT_EQ(answer.body, "abc");
  EXPECT_EQ(answer.flushes, 2);
  // flush() does not empty PHP's own buffers.
  auto buffered = run("<?php echo 'a'; flush(); echo 'b'; header('X-Late: 1');");
  EXPECT_EQ(buffered.body, "ab");
  EXPECT_EQ(buffered.header("X-Late"), "1");
}

TEST_F(Worker, EventStreamsGoOutPieceByPiece) {
  auto answer =
      run("<?php header('Content-Type: text/event-stream'); ob_end_clean(); "
          "echo \"data: 1\\n\\n\"; echo \"data: 2\\n\\n\";");
  EXPECT_EQ(answer.flushes, 2);
}

TEST_F(Worker, SendsLargeBinaryOutput) {
  auto answer = run("<?php for ($i = 0; $i < 1024; $i++) echo str_repeat(chr($i & 255), 1024);");
  ASSERT_EQ(answer.body.size(), 1u << 20);
  EXPECT_EQ(answer.body[1024 * 255], '\xff');
  EXPECT_EQ(answer.body[1024 * 1023 + 1023], '\xff');
}

TEST_F(Worker, HeadRunsTheWholeScript) {
  auto answer = run("<?php echo 'body'; error_log('ran');", {.method = "HEAD"});
  EXPECT_EQ(answer.body, "body");
  EXPECT_THAT(answer.logs, ElementsAre(HasSubstr("ran")));
}

// --- ends of scripts

TEST_F(Worker, ExitAndShutdownFunctions) {
  auto answer =
      run("<?php register_shutdown_function(function () { echo 'bye'; exit(3); }); "
          "echo 'a'; exit('b'); echo 'never';");
  EXPECT_EQ(answer.body, "abbye");
  expect_sound();
}

TEST_F(Worker, FatalErrorsAnswer500AndAreLogged) {
  auto answer = run("<?php\n\nundefined_function();");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "");
  ASSERT_THAT(answer.logs, Not(::testing::IsEmpty()));
  EXPECT_THAT(answer.logs[0], StartsWith("PHP Fatal error:  Uncaught Error: Call to undefined"));
  EXPECT_THAT(answer.logs[0], HasSubstr("t.php:3"));
  EXPECT_EQ(run("<?php throw new Exception('x');").status, 500);
  EXPECT_EQ(run("<?php ini_set('memory_limit', '16M'); str_repeat('x', 1 << 28);").status, 500);
  EXPECT_EQ(run("<?php this is no php").status, 500);
  expect_sound();
}

TEST_F(Worker, ScriptThatVanishedIs404) {
  auto answer = driver.run({.script = "gone.php"});
  EXPECT_EQ(answer.status, 404) << told(driver, answer);
  EXPECT_EQ(answer.body, "File not found.\n");
  expect_sound();
}

TEST_F(Worker, ErrorLogGoesToTheRequest) {
  auto answer = run("<?php error_log('one'); trigger_error('two', E_USER_WARNING); echo 'x';");
  ASSERT_EQ(answer.logs.size(), 2u);
  EXPECT_EQ(answer.logs[0], "one");
  EXPECT_THAT(answer.logs[1], StartsWith("PHP Warning:  two in "));
}

TEST_F(Worker, StderrComesLineByLine) {
  run("<?php $e = fopen('php://stderr', 'w'); fwrite($e, \"one\\ntwo\\n\"); echo 'x';");
  for (int i = 0; i < 100 && driver.lines.size() < 2; ++i) {
    driver.wait_for(ControlType::kExited, 20);
  }
  EXPECT_THAT(driver.lines, ElementsAre("one", "two"));
}

TEST_F(Worker, ClientThatLeftEndsTheScript) {
  auto answer =
      run("<?php ob_end_clean(); for ($i = 0; $i < 300; $i++) "
          "{ echo 'x'; flush(); usleep(10000); } error_log('to the end');",
          {}, [](WorkerDriver& d) { d.set_client_gone(); });
  EXPECT_THAT(answer.logs, Not(Contains("to the end")));
  auto ignored =
      run("<?php ob_end_clean(); ignore_user_abort(true); for ($i = 0; $i < 5; $i++) "
          "{ echo 'x'; flush(); usleep(10000); } "
          "error_log('status ' . connection_status());",
          {}, [](WorkerDriver& d) { d.set_client_gone(); });
  EXPECT_THAT(ignored.logs, Contains("status 1"));
  expect_sound();
}

// --- superglobals

TEST_F(Worker, FillsServer) {
  auto answer = run("<?php ksort($_SERVER); foreach ($_SERVER as $k => $v) echo \"$k=$v\\n\";",
                    {.query = "a=1",
                     .headers = {{"Host", "h"}, {"X-Own-Thing", "v"}, {"Accept-Language", "de"}}});
  for (const char* line :
       {"REQUEST_METHOD=GET\n", "REQUEST_URI=/t.php?a=1\n", "QUERY_STRING=a=1\n", "HTTP_HOST=h\n",
        "HTTP_X_OWN_THING=v\n", "HTTP_ACCEPT_LANGUAGE=de\n", "SCRIPT_NAME=/t.php\n",
        "PHP_SELF=/t.php\n", "GATEWAY_INTERFACE=CGI/1.1\n", "SERVER_SOFTWARE=howdah/",
        "TOKIO_WORKER_ID=0\n",
        "TOKIO_SERVER_BUILD_VERSION=", "REQUEST_TIME_FLOAT=", "PATH=", "TOKIO_REQUEST_ID=id-1\n"}) {
    EXPECT_THAT(answer.body, HasSubstr(line));
  }
  EXPECT_THAT(answer.body, Not(HasSubstr("argv")));
  EXPECT_THAT(answer.body, Not(HasSubstr("HTTPS")));
  EXPECT_THAT(answer.body, Not(HasSubstr("INTERNAL_TOKEN")));
}

TEST_F(Worker, ServerKeysSurviveManyRequests) {
  for (int i = 0; i < 50; ++i) {
    auto answer =
        run("<?php echo $_SERVER['HTTP_HOST'], $_SERVER['REMOTE_ADDR'], count($_SERVER) > 20;",
            {.headers = {{"Host", "h" + std::to_string(i)}}});
    ASSERT_EQ(answer.body, "h" + std::to_string(i) + "127.0.0.91");
  }
}

TEST_F(Worker, GetenvAndFilterInputAgreeWithServer) {
  auto answer =
      run("<?php echo getenv('REMOTE_ADDR'), '|', filter_input(INPUT_SERVER, 'REMOTE_ADDR'),"
          "'|', var_export(filter_has_var(INPUT_SERVER, 'HTTP_NO'), true), '|',"
          "getenv('PATH') !== false, '|', filter_input(INPUT_GET, 'a', FILTER_VALIDATE_INT),"
          "'|', getenv()['REMOTE_ADDR'] ?? 'no', '|', $_SERVER['REMOTE_ADDR'],"
          "'|', $_ENV['REMOTE_ADDR'] ?? 'no';",
          {.query = "a=7"});
  EXPECT_EQ(answer.body, "127.0.0.9|127.0.0.9|false|1|7|127.0.0.9|127.0.0.9|no");
}

TEST_F(Worker, BasicAuthentication) {
  auto answer =
      run("<?php echo $_SERVER['PHP_AUTH_USER'], $_SERVER['PHP_AUTH_PW'], "
          "$_SERVER['REMOTE_USER'];",
          {.headers = {{"Authorization", "Basic dXNlcjpwYXNz"}}});
  EXPECT_EQ(answer.body, "userpassuser");
  EXPECT_EQ(run("<?php echo isset($_SERVER['PHP_AUTH_USER']) ? 'y' : 'n';").body, "n");
}

TEST_F(Worker, CookiesAndQuery) {
  auto answer = run("<?php echo json_encode([$_GET, $_COOKIE]);",
                    {.query = "a[b]=1&c.d=2", .headers = {{"Cookie", "x=1; x=2; y=%20z"}}});
  EXPECT_EQ(answer.body, R"([{"a":{"b":"1"},"c_d":"2"},{"x":"1","y":" z"}])");
}

TEST_F(Worker, SessionsOutliveTheirRequest) {
  std::string_view php = "<?php session_start(); echo ++$_SESSION['n'];";
  auto first = run(php);
  EXPECT_EQ(first.body, "1");
  std::string cookie = first.header("Set-Cookie");
  ASSERT_THAT(cookie, StartsWith("PHPSESSID="));
  cookie = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(run(php, {.headers = {{"Cookie", cookie}}}).body, "2");
}

TEST_F(Worker, RunsHotCodeUnderTheJit) {
  std::string_view php =
      "<?php function f($i) { return strlen((string) $i) + abs(-$i); } $s = 0; $g = strlen(...);"
      "for ($i = 0; $i < 200000; $i++) $s += f($i) + $g('ab');"
      "echo $s, array_sum(array_map('abs', [-1, 2])), (new ArrayObject([1, 2]))->count();";
  std::string first = run(php).body;
  EXPECT_THAT(first, Not(HasSubstr("rror")));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(php).body, first);
}

// --- bodies

TEST_F(Worker, ReadsForms) {
  TestRequest form{.method = "POST",
                   .body = "a=1&b[]=2&b[]=3",
                   .content_type = "application/x-www-form-urlencoded"};
  EXPECT_EQ(run("<?php echo json_encode($_POST), file_get_contents('php://input');", form).body,
            R"({"a":"1","b":["2","3"]}a=1&b[]=2&b[]=3)");
  form.method = "QUERY";
  EXPECT_EQ(run("<?php echo $_POST['a'], $_SERVER['REQUEST_METHOD'];", form).body, "1QUERY");
  form.method = "PUT";
  EXPECT_EQ(run("<?php echo count($_POST), file_get_contents('php://input');", form).body,
            "0a=1&b[]=2&b[]=3");
}

TEST_F(Worker, ReadsRawBodiesOfEachSize) {
  for (size_t size : {size_t{1}, size_t{16383}, size_t{16384}, size_t{16385}, size_t{40000},
                      size_t{65536}, size_t{65537}, size_t{3} << 20}) {
    std::string body(size, '\0');
    for (size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 7);
    for (const char* method : {"POST", "PUT", "GET"}) {
      auto answer =
          run("<?php $b = file_get_contents('php://input'); "
              "echo strlen($b), ' ', $b === file_get_contents('php://input') ? 'same' : 'x';"
              "for ($i = 0, $n = strlen($b); $i < $n; $i += 997) "
              "if (ord($b[$i]) !== (($i * 7) & 255)) { echo \" wrong at $i\"; break; }",
              {.method = method, .body = body, .content_type = "application/json"});
      ASSERT_EQ(answer.body, std::to_string(size) + " same") << method;
    }
  }
}

TEST_F(Worker, ReadsOneByteOfALargeBody) {
  auto answer = run("<?php $i = fopen('php://input', 'r'); echo fread($i, 1);",
                    {.method = "POST", .body = std::string(8 << 20, 'z'), .content_type = "a/b"});
  EXPECT_EQ(answer.body, "z");
  EXPECT_EQ(run("<?php echo 'unread';",
                {.method = "POST", .body = std::string(8 << 20, 'z'), .content_type = "a/b"})
                .body,
            "unread");
  expect_sound();
}

TEST_F(Worker, TakesUploads) {
  for (size_t size : {size_t{10}, size_t{300'000}}) {
    std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\n" +
        std::string(size, 'u') +
        "\r\n--B\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\nv\r\n--B--\r\n";
    auto answer =
        run("<?php $to = __DIR__ . '/up'; "
            "echo move_uploaded_file($_FILES['f']['tmp_name'], $to) ? filesize($to) : 'no',"
            "$_FILES['f']['name'], $_POST['k'];",
            {.method = "POST", .body = body, .content_type = "multipart/form-data; boundary=B"});
    EXPECT_EQ(answer.body, std::to_string(size) + "n.txtv");
  }
}

TEST_F(Worker, DescriptorsAndResourcesStayFlat) {
  TestRequest request{.method = "POST", .body = std::string(100'000, 'x'), .content_type = "a/b"};
  std::string_view php =
      "<?php file_get_contents('php://input'); "
      "echo count(scandir('/proc/self/fd')), ' ', count(get_resources());";
  std::string first = run(php, request).body;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(run(php, request).body, first);
}

// --- functions, ini

TEST_F(Worker, OffersItsFunctions) {
  auto answer =
      run("<?php echo tokio_request_id(), '|', tokio_worker_id(), '|', "
          "tokio_server_info()['mode'], '|', PHP_SAPI, '|', getallheaders()['X-Own'], '|',"
          "extension_loaded('tokio_sapi');",
          {.headers = {{"x-own", "1"}}});
  EXPECT_EQ(answer.body,
            std::string("id-1|0|") + (kThreads ? "thread" : "process") + "|fpm-fcgi|1|1");
  EXPECT_EQ(run("<?php header('X-B: 2'); echo apache_response_headers()['X-B'];").body, "2");
}

TEST_F(Worker, AppliesIniDefaults) {
  auto answer =
      run("<?php echo ini_get('max_execution_time'), '|', ini_get('opcache.jit'), '|',"
          "var_export((opcache_get_status(false) ?: [])['opcache_enabled'] ?? null, true);");
  EXPECT_EQ(answer.body, "30|tracing|true");
}

TEST(WorkerOptions, IniSetWins) {
  WorkerDriver driver({"--ini-set", "memory_limit=77M", "--ini-set", "opcache.jit=off", "--ini-set",
                       "error_prepend_string=<b>", "--no-ext", "--sapi-name", "cli-server"});
  ASSERT_EQ(driver.failure(), "");
  driver.write_script(
      "t.php",
      "<?php echo ini_get('memory_limit'), ini_get('opcache.jit'), PHP_SAPI,"
      "ini_get('error_prepend_string'),"
      "(int) function_exists('tokio_request_id'), (int) function_exists('getallheaders');");
  EXPECT_EQ(driver.run({.script = "t.php"}).body, "77Mcli-server<b>01");
}

TEST(WorkerOptions, FailedStartSaysWhy) {
  WorkerDriver driver({"--ini-set", "opcache.preload=/nonexistent/preload.php"});
  EXPECT_THAT(driver.failure(), HasSubstr("PHP did not start"));
  EXPECT_THAT(driver.failure(), HasSubstr("preload"));
}

TEST(WorkerOptions, FailedStartSaysWhyWhenErrorsAreDisplayed) {
  WorkerDriver driver({"--ini-set", "magic_quotes_gpc=1", "--ini-set", "display_errors=1",
                       "--ini-set", "log_errors=0"});
  EXPECT_THAT(driver.failure(), HasSubstr("magic_quotes_gpc"));
}

TEST_F(Worker, ChangesIntoTheScriptsDirectory) {
  EXPECT_EQ(run("<?php echo getcwd(); chdir('/');").body, driver.root());
  EXPECT_EQ(run("<?php echo getcwd();").body, driver.root());
}

TEST_F(Worker, SetTimeLimitWorks) {
  if (!kSignalsReachLoops) GTEST_SKIP() << "the thread sanitizer holds signals back";
  auto answer = run("<?php set_time_limit(1); for (;;) {}");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.logs, Contains(HasSubstr("Maximum execution time of 1 second exceeded")));
  expect_sound();
}

// In thread mode the timer outlives the request that has set it.
TEST_F(Worker, ATimeLimitEndsWithItsRequest) {
  if (!kSignalsReachLoops) GTEST_SKIP() << "the thread sanitizer holds signals back";
  constexpr const char* kBusy =
      "<?php for ($end = hrtime(true) + 1.3e9; hrtime(true) < $end;); echo 'done';";
  EXPECT_EQ(run("<?php set_time_limit(1); echo 'short';").body, "short");
  EXPECT_EQ(run(kBusy).body, "done");
  EXPECT_EQ(run("<?php set_time_limit(1); for (;;) {}").status, 500);
  EXPECT_EQ(run(kBusy).body, "done");
  EXPECT_EQ(run("<?php set_time_limit(1); for (;;) {}").status, 500);
  expect_sound();
}

// --- interruption, death

void cancel_once(WorkerDriver& driver) {
  if (++driver.turns == 30) {
    driver.set_cancelled();
    driver.send(ControlType::kInterrupt);
  }
}

TEST_F(Worker, InterruptEndsALoop) {
  if (!kSignalsReachLoops) GTEST_SKIP() << "the thread sanitizer holds signals back";
  auto answer =
      run("<?php register_shutdown_function(fn() => error_log('shut down'));\n"
          "for (;;) {}",
          {}, cancel_once);
  EXPECT_THAT(answer.logs, Contains(HasSubstr("Request timeout")));
  EXPECT_THAT(answer.logs, Contains("shut down"));
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
  ASSERT_TRUE(driver.wait_for(ControlType::kYielded, 1000));
  EXPECT_THAT(driver.seen[ControlType::kYielded].text, HasSubstr("t.php:2"));
  expect_sound();
}

TEST_F(Worker, InterruptEndsASleep) {
  auto answer = run("<?php\nsleep(15); error_log('slept');", {}, cancel_once);
  EXPECT_THAT(answer.logs, Contains(HasSubstr("Request timeout")));
  EXPECT_THAT(answer.logs, Not(Contains("slept")));
  ASSERT_TRUE(driver.wait_for(ControlType::kYielded, 1000));
  EXPECT_THAT(driver.seen[ControlType::kYielded].text, HasSubstr("t.php:2 (in sleep)"));
  expect_sound();
}

TEST_F(Worker, CrashIsReportedAndAnotherWorkerServes) {
  if (kThreads) GTEST_SKIP() << "a crash takes the host";
  auto answer =
      run("<?php proc_open(['sleep', '300'], [], $p); echo 'x'; flush(); "
          "posix_kill(getmypid(), SIGSEGV); sleep(5);");
  EXPECT_FALSE(answer.ended) << told(driver, answer);
  const auto& exited = driver.seen[ControlType::kExited].header;
  EXPECT_TRUE(WIFSIGNALED(exited.status));
  EXPECT_EQ(WTERMSIG(exited.status), SIGSEGV);
  EXPECT_EQ(exited.pid, driver.worker_pid());
  // Its children went with it.
  EXPECT_TRUE(group_is_gone(exited.pid));
  driver.spawn(0);
  expect_sound();
}

TEST_F(Worker, KillTakesTheWorkerWithItsChildren) {
  if (kThreads) GTEST_SKIP() << "threads cannot be killed";
  auto answer = run("<?php $p = proc_open(['sleep', '300'], [], $x); proc_close($p);", {},
                    [](WorkerDriver& d) {
                      if (++d.turns == 20) d.send(ControlType::kKill);
                    });
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(WTERMSIG(driver.seen[ControlType::kExited].header.status), SIGKILL);
  EXPECT_TRUE(group_is_gone(driver.worker_pid()));
}

TEST_F(Worker, HardTimeoutOfPhpIsPassedOn) {
  if (!kSignalsReachLoops) GTEST_SKIP() << "the thread sanitizer holds signals back";
  if (kThreads) GTEST_SKIP() << "PHP has no hard timeout there";
  auto answer =
      run("<?php ini_set('pcre.jit', 0); ini_set('pcre.backtrack_limit', 2000000000); "
          "set_time_limit(1); preg_match('/^(a+)+$/', str_repeat('a', 60) . 'b');");
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(WEXITSTATUS(driver.seen[ControlType::kExited].header.status), 124)
      << told(driver, answer);
  driver.spawn(0);
  expect_sound();
}

TEST_F(Worker, ForkedChildAnswersNothing) {
  if (kThreads) GTEST_SKIP() << "pcntl_fork is for processes";
  auto answer =
      run("<?php register_shutdown_function(fn() => fwrite(fopen('php://stderr', 'w'), "
          "getmypid() . \"\\n\")); $pid = pcntl_fork(); "
          "if ($pid == 0) { echo 'child'; flush(); error_log('child'); exit(7); } "
          "pcntl_waitpid($pid, $s); echo 'parent ', pcntl_wexitstatus($s);");
  EXPECT_EQ(answer.body, "parent 7");
  EXPECT_THAT(answer.logs, Not(Contains("child")));
  for (int i = 0; i < 20; ++i) expect_sound();
  for (int i = 0; i < 100 && driver.lines.size() < 3; ++i) {
    driver.wait_for(ControlType::kExited, 20);
  }
  EXPECT_EQ(driver.lines.size(), 3u);  // two shutdowns and the child's log line
}

TEST_F(Worker, RetiresAndHostFinishes) {
  driver.send(ControlType::kFinish);
  driver.channel().retire(0, 1);
  EXPECT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_EQ(driver.seen[ControlType::kExited].header.status, 0);
}

TEST_F(Worker, NobodyOutlivesTheFront) {
  run("<?php proc_open(['sleep', '300'], [], $p); echo 'x';");
  pid_t worker = driver.worker_pid();
  EXPECT_TRUE(driver.hang_up());
  EXPECT_TRUE(group_is_gone(worker));
}

TEST_F(Worker, FloodOfStderrDoesNotStarveTheHost) {
  auto answer =
      run("<?php $e = fopen('php://stderr', 'w'); for ($i = 0; $i < 20000; $i++) "
          "fwrite($e, str_repeat('x', 100) . \"\\n\"); echo 'done';");
  EXPECT_EQ(answer.body, "done");
}

}  // namespace
}  // namespace howdah::php
