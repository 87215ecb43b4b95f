// A script whose requests are served by forks of it, in the real worker program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "php/worker_script_fixture.h"

namespace howdah::php {
namespace {

using channel::ControlType;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kArguments = {
    "--worker-script", "{root}/worker.php", "--worker-name", "/worker.php", "--document-root",
    "{root}",          "--worker-mode",     "snapshot",      "--ini-set",   "request_order=GP"};

#ifdef HOWDAH_PHP_ZTS

TEST(Snapshot, IsRefusedByThreads) {
  WorkerDriver driver(kArguments, 1, false);
  EXPECT_THAT(driver.failure(), HasSubstr("WORKER_MODE=snapshot needs a PHP without ZTS"));
}

#else

class Snapshot : public Script {
 protected:
  Snapshot() : Script(kArguments) {}
  // {root} in the texts is the driver's.
  void start(std::string_view text) { Script::start(with_root(text)); }
  void handle_by(std::string_view body, std::string_view boot = "") {
    Script::handle_by(with_root(body), with_root(boot));
  }

 private:
  std::string with_root(std::string_view text) const {
    std::string whole(text);
    for (size_t at; (at = whole.find("{root}")) != whole.npos;) {
      whole.replace(at, 6, driver.root());
    }
    return whole;
  }
};

TEST_F(Snapshot, EachRequestBeginsWhereTheBootEnded) {
  handle_by("$GLOBALS['boots']++; echo $n, ':', $GLOBALS['boots'], ':', $_GET['i'] ?? '-';",
            "$boots = 1;");
  EXPECT_EQ(get("i=7").body, "1:2:7");
  EXPECT_EQ(get("i=8").body, "1:2:8");
  auto last = get();
  EXPECT_EQ(last.body, "1:2:-");
  EXPECT_TRUE(last.ended);
}

TEST_F(Snapshot, ServesManyRequestsFromForksOfTheirOwn) {
  handle_by("echo getmypid();");
  std::set<std::string> pids;
  for (int i = 0; i < 300; ++i) pids.insert(get().body);
  EXPECT_EQ(pids.size(), 300u);
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
}

TEST_F(Snapshot, ATemplateThatHangsInItsBootEndsWithAWorkerThatIsKilled) {
  handle_by(
      "echo 'served';",
      "if (!file_exists('{root}/hung')) { touch('{root}/hung'); while (true) usleep(1000); }");
  while (!std::filesystem::exists(driver.root() + "/hung")) ::usleep(1000);
  driver.send(ControlType::kKill, 0, 0);
  ASSERT_TRUE(driver.wait_for_exits(1));
  EXPECT_TRUE(WIFSIGNALED(driver.exits[0].status));
  driver.spawn(0);
  EXPECT_EQ(get().body, "served");
}

TEST_F(Snapshot, AForkSaysWhichProcessItIs) {
  handle_by("echo getmypid();");
  for (int i = 0; i < 3; ++i) {
    const std::string served_by = get().body;
    EXPECT_NE(served_by, std::to_string(driver.worker_pid()));  // the template's
    // The next one may have come already, or not yet.
    uint32_t said = 0;
    for (int turn = 0; said == 0 && turn < 5000; ++turn) {
      ::usleep(1000);
      said = driver.seat(0).report().process;
    }
    EXPECT_NE(said, 0u);
    EXPECT_NE(said, static_cast<uint32_t>(driver.worker_pid()));
  }
}

// --- what a boot may have open

TEST_F(Snapshot, ASocketOfTheBootIsDeadAndNamed) {
  handle_by(
      "$file = fopen(tempnam('{root}', 'f'), 'w+'); fwrite($file, 'kept'); "
      "$sent = @fwrite($GLOBALS['client'], 'x'); $GLOBALS['client'] = $GLOBALS['served'] = null; "
      "rewind($file); echo json_encode([$sent, fread($file, 9)]);",
      "$server = stream_socket_server('tcp://127.0.0.1:0'); "
      "$client = stream_socket_client('tcp://' . stream_socket_get_name($server, false)); "
      "$served = stream_socket_accept($server); $pipe = popen('cat', 'w');");
  EXPECT_EQ(get().body, R"([false,"kept"])");
  EXPECT_EQ(get().body, R"([false,"kept"])");
  EXPECT_THAT(all_lines(), HasSubstr("a connection to 127.0.0.1:"));
  EXPECT_THAT(all_lines(), HasSubstr("a socket at 127.0.0.1:"));
  EXPECT_THAT(all_lines(), HasSubstr("a pipe ("));
}

TEST_F(Snapshot, FilesOfTheBootHaveAPositionOfTheirOwn) {
  handle_by("echo fgets($GLOBALS['f']), readdir($GLOBALS['d']) !== false;",
            "file_put_contents('{root}/lines', \"one\\ntwo\\nthree\\n\"); $f = "
            "fopen('{root}/lines', 'r'); stream_set_read_buffer($f, 0); stream_set_chunk_size($f, "
            "4); fgets($f); $d = opendir('{root}');");
  EXPECT_EQ(get().body, "two\n1");
  EXPECT_EQ(get().body, "two\n1");
}

TEST_F(Snapshot, AFileOfTheBootIsAppendedToByAll) {
  handle_by("fwrite($GLOBALS['f'], $_GET['i']); echo file_get_contents('{root}/log');",
            "$f = fopen('{root}/log', 'a'); fwrite($f, 'boot');");
  EXPECT_EQ(get("i=1").body, "boot1");
  EXPECT_EQ(get("i=2").body, "boot12");
}

TEST_F(Snapshot, ALockOfTheBootIsItsOwn) {
  handle_by(
      "flock($GLOBALS['f'], LOCK_UN); $other = fopen('{root}/lock', 'r'); "
      "echo flock($other, LOCK_EX | LOCK_NB) ? 'free' : 'held';",
      "$f = fopen('{root}/lock', 'w'); flock($f, LOCK_EX);");
  EXPECT_EQ(get().body, "held");
}

TEST_F(Snapshot, AnOpenSqliteDatabaseIsRefusedByName) {
  for (const char* open : {"new PDO('sqlite:{root}/data.db')", "new SQLite3('{root}/data.db')"}) {
    driver.lines.clear();
    handle_by("echo 'served';", "$db = " + std::string(open) + ";");
    ASSERT_TRUE(driver.wait_for(ControlType::kExited)) << open;
    EXPECT_EQ(WEXITSTATUS(driver.seen[ControlType::kExited].header.status),
              channel::kExitBootFailed);
    EXPECT_THAT(all_lines(),
                HasSubstr("the SQLite database " + driver.root() + "/data.db is open"));
    EXPECT_THAT(driver.seen[ControlType::kExited].text, HasSubstr("/data.db is open"));
  }
}

TEST_F(Snapshot, AnSqliteFileIsKnownByItsContent) {
  handle_by("echo 'served';",
            "$db = new SQLite3('{root}/data.db'); $db->exec('create table t(a)'); $db->close(); "
            "$f = fopen('{root}/data.db', 'r');");
  ASSERT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_THAT(all_lines(), HasSubstr("data.db is open at the first"));
}

TEST_F(Snapshot, AnSqliteDatabaseInMemoryIsEachForksOwn) {
  handle_by(
      "$GLOBALS['db']->exec('insert into t values (1)'); "
      "echo $GLOBALS['db']->query('select count(*) from t')->fetchColumn();",
      "$db = new PDO('sqlite::memory:'); $db->exec('create table t(a)'); $closed = new "
      "SQLite3('{root}/data.db'); $closed->close();");
  EXPECT_EQ(get().body, "1");
  EXPECT_EQ(get().body, "1");
}

// --- random numbers

TEST_F(Snapshot, NoTwoForksDrawTheSameNumber) {
  handle_by(
      "echo json_encode([mt_rand(), lcg_value(), $GLOBALS['mt']->generate(), "
      "$GLOBALS['r']->nextInt(), $GLOBALS['x']->generate(), "
      "bin2hex(random_bytes(8)), rand(), str_shuffle('abcdefghijklmnopqrstuvwxyz')], "
      "JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR);",
      "mt_srand(1); mt_rand(); lcg_value(); $mt = new Random\\Engine\\Mt19937(); $mt->generate(); "
      "$r = new Random\\Randomizer(new Random\\Engine\\PcgOneseq128XslRr64(null)); $r->nextInt(); "
      "$x = new Random\\Engine\\Xoshiro256StarStar; ");
  std::set<std::string> seen[8];
  for (int i = 0; i < 3; ++i) {
    std::string body = get().body;
    size_t from = 1;
    for (auto& each : seen) {
      size_t to = std::min(body.find(',', from), body.size() - 1);
      each.insert(body.substr(from, to - from));
      from = to + 1;
    }
  }
  for (const auto& each : seen) EXPECT_EQ(each.size(), 3u) << *each.begin();
}

TEST_F(Snapshot, ASeedThatTheBootHasChosenStays) {
  handle_by("echo bin2hex($GLOBALS['mt']->generate());",
            "$mt = new Random\\Engine\\Mt19937(7); $mt->generate();");
  std::string first = get().body;
  EXPECT_EQ(get().body, first);
}

// --- the end of a request

TEST_F(Snapshot, WhatTheRequestLeavesForItsEndRuns) {
  handle_by(
      "register_shutdown_function(function () { echo 'S'; }); $GLOBALS['o'] = new D('D'); "
      "$GLOBALS['z'] = gzopen('{root}/z', 'w'); gzwrite($GLOBALS['z'], 'packed'); ob_start(fn($b) "
      "=> strtoupper($b)); echo 'body-';",
      "class D { function __construct(public $n) {} function __destruct() { echo $this->n, "
      "\"\\n\"; } }");
  EXPECT_EQ(get().body, "BODY-S");
  EXPECT_EQ(get("again").body, "BODY-S");
  // After the answer: destructors, then open files.
  EXPECT_TRUE(driver.wait_for_line("D"));
  auto packed = [this] { return std::filesystem::file_size(driver.root() + "/z"); };
  for (int i = 0; i < 500 && packed() <= 20; ++i) driver.wait_for(ControlType::kFailed, 10);
  EXPECT_GT(packed(), 20u);
}

TEST_F(Snapshot, WhatTheBootLeavesForItsEndRunsInNoRequest) {
  handle_by(
      "echo file_exists($GLOBALS['t']->name) ? 'there' : 'gone'; if ($n) $GLOBALS['t'] = null;",
      "class Temporary { public $name; function __construct() { $this->name = '{root}/temporary'; "
      "touch($this->name); } function __destruct() { unlink($this->name); } } "
      "$t = new Temporary; register_shutdown_function(function () { "
      "file_put_contents('{root}/ended', 'x', FILE_APPEND); });");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get().body, "there");
  EXPECT_FALSE(std::filesystem::exists(driver.root() + "/ended"));
  // ... but once, when the server ends.
  driver.send(ControlType::kFinish);
  driver.channel().retire(0, 1);
  EXPECT_TRUE(driver.wait_for(ControlType::kExited));
  for (int i = 0; i < 500 && std::filesystem::exists(driver.root() + "/temporary"); ++i) {
    driver.wait_for(ControlType::kFailed, 10);
  }
  EXPECT_FALSE(std::filesystem::exists(driver.root() + "/temporary"));
  EXPECT_TRUE(std::filesystem::exists(driver.root() + "/ended"));
}

// What frameworks do there (terminate) is the request's; a second request is another fork's.
TEST_F(Snapshot, TheScriptGoesOnAfterItsAnswerAndServesNoOther) {
  start(
      "<?php $handler = function () { $GLOBALS['o'] = 'own'; echo 'x'; }; "
      "while (frankenphp_handle_request($handler)) { echo \"after $o\\n\"; $o = 'old'; } "
      "file_put_contents('{root}/end', 'x', FILE_APPEND);");
  EXPECT_EQ(get().body, "x");
  EXPECT_TRUE(driver.wait_for_line("after own"));
  EXPECT_EQ(get().body, "x");
  EXPECT_EQ(get().body, "x");
  EXPECT_EQ(std::ranges::count(driver.lines, "after old"), 0);
  EXPECT_FALSE(std::filesystem::exists(driver.root() + "/end"));
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
}

TEST_F(Snapshot, GarbageIsCollectedAfterTheRequestWhenThereIsMuchOfIt) {
  start(
      "<?php $handler = function () { for ($i = 0; $i < $_GET['n']; $i++) { $o = new stdClass; "
      "$o->self = $o; } echo 'x', gc_collect_cycles(); }; "
      "while (frankenphp_handle_request($handler)) { for ($i = 0; $i < $_GET['after']; $i++) { "
      "$o = new stdClass; $o->self = $o; } $n = gc_collect_cycles(); "
      "$all = gc_status()['collected'] > 5000 ? 'much' : 'little'; echo \"$n, $all\\n\"; }");
  EXPECT_EQ(get("n=10&after=10").body, "x9");
  EXPECT_TRUE(driver.wait_for_line("0, little"));
  EXPECT_EQ(get("n=0&after=15000").body, "x0");
  EXPECT_TRUE(driver.wait_for_line("0, much"));
}

TEST_F(Snapshot, AScriptThatEndsAfterItsRequestIsAForkThatEnds) {
  start("<?php frankenphp_handle_request(function () { echo 'x'; }); echo \"end\\n\";");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get().body, "x");
  EXPECT_TRUE(driver.wait_for_line("end"));
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
}

TEST_F(Snapshot, ExitErrorsAndExceptionsCostTheirRequestOnly) {
  handle_by(
      "switch ($_GET['how'] ?? '') { case 'exit': header('X-Late: 1'); exit('bye'); "
      "case 'throw': throw new Exception('oops'); "
      "case 'memory': ini_set('memory_limit', '16M'); str_repeat('x', 1 << 28); } echo $n;",
      "register_shutdown_function(function () { echo 'boot'; });");
  auto exited = get("how=exit");
  EXPECT_EQ(exited.body, "bye");
  EXPECT_EQ(exited.header("X-Late"), "1");
  auto thrown = get("how=throw");
  EXPECT_EQ(thrown.status, 500);
  ASSERT_FALSE(thrown.logs.empty());
  EXPECT_THAT(thrown.logs[0], HasSubstr("Uncaught Exception: oops"));
  EXPECT_EQ(get("how=memory").status, 500);
  EXPECT_EQ(get().body, "1");
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
}

TEST_F(Snapshot, SuperglobalsTimesAndSessionsAreTheRequests) {
  handle_by(
      "session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; "
      "echo json_encode([$_POST['b'] ?? null, $_COOKIE['c'] ?? null, $_SESSION['n'], "
      "abs($_SERVER['REQUEST_TIME_FLOAT'] - microtime(true)) < 0.5, "
      "strlen(file_get_contents('php://input')), session_id() === $GLOBALS['id']]);",
      "session_save_path('{root}'); session_start(); $id = session_id(); $_SESSION['boot'] = 1; "
      "usleep(600000);");
  TestRequest request{.method = "POST",
                      .script = "x",
                      .body = "b=" + std::string(200'000, 'x'),
                      .content_type = "application/x-www-form-urlencoded",
                      .headers = {{"Cookie", "c=3; PHPSESSID=abcdefabcdefabcdefabcdefab"}}};
  std::ofstream(driver.root() + "/sess_abcdefabcdefabcdefabcdefab") << "n|i:4;";
  EXPECT_THAT(driver.run(request).body, HasSubstr(R"("3",5,true,200002,false])"));
  EXPECT_THAT(driver.run(request).body, HasSubstr(R"("3",6,true,200002,false])"));
}

TEST_F(Snapshot, StreamsAndWorkAfterTheAnswer) {
  handle_by(
      "echo 'a'; ob_flush(); flush(); echo 'b'; fastcgi_finish_request(); echo 'unheard'; "
      "file_put_contents('{root}/done', 'x', FILE_APPEND);");
  auto answer = get();
  EXPECT_EQ(answer.body, "ab");
  EXPECT_GE(answer.flushes, 1);
  EXPECT_EQ(get().body, "ab");
  EXPECT_EQ(std::filesystem::file_size(driver.root() + "/done"), 2u);
}

TEST_F(Snapshot, WhatARequestHasStartedGoesWithIt) {
  handle_by("echo exec('sleep 1000 >/dev/null 2>&1 & echo $!');");
  pid_t child = std::stoi(get().body);
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    gone = ::kill(child, 0) < 0 || ::waitpid(child, nullptr, WNOHANG) == child;
    if (!gone) ::usleep(10'000);
  }
  EXPECT_TRUE(gone);
}

TEST_F(Snapshot, AForkOfTheRequestAnswersNothing) {
  handle_by(
      "$pid = pcntl_fork(); if ($pid === 0) { echo 'child'; return; } pcntl_waitpid($pid, $s); "
      "echo 'parent';");
  EXPECT_EQ(get().body, "parent");
  EXPECT_EQ(get().body, "parent");
}

// --- deaths

TEST_F(Snapshot, AForkThatIsKilledIsItsLanesEnd) {
  handle_by(
      "if (isset($_GET['die'])) { fwrite(STDERR, \"last words\\n\"); "
      "posix_kill(getmypid(), SIGKILL); } echo 'alive';",
      "defined('STDERR') || define('STDERR', fopen('php://stderr', 'w'));");
  EXPECT_EQ(get().body, "alive");
  get("die");
  ASSERT_TRUE(driver.seen.contains(ControlType::kExited));
  EXPECT_EQ(WTERMSIG(driver.seen[ControlType::kExited].header.status), SIGKILL);
  EXPECT_EQ(driver.seen[ControlType::kExited].header.worker, 0u);
  EXPECT_THAT(all_lines(), HasSubstr("last words"));
  driver.spawn(0);
  EXPECT_EQ(get().body, "alive");
}

TEST_F(Snapshot, ATemplateThatIsKilledIsMadeAgain) {
  handle_by("echo $GLOBALS['boot'], ' ', posix_getppid();",
            "$boot = getmypid(); file_put_contents('{root}/boots', 'x', FILE_APPEND);");
  std::string first = get().body;
  ::kill(std::stoi(first), SIGKILL);
  std::string next = first;
  for (int i = 0; i < 100 && next == first; ++i) next = get().body;
  EXPECT_NE(next, first);
  EXPECT_EQ(std::filesystem::file_size(driver.root() + "/boots"), 2u);
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
}

TEST_F(Snapshot, ForksThatWaitAndAreKilledAreReplaced) {
  handle_by("echo getmypid();");
  pid_t last = std::stoi(get().body);
  const std::string children =
      "/proc/" + std::to_string(driver.host()) + "/task/" + std::to_string(driver.host());
  pid_t of_template = driver.seen[ControlType::kSpawned].header.pid;
  for (int i = 0; i < 20; ++i) {
    std::ifstream list(children + "/children");
    for (pid_t pid; list >> pid;) {
      // The one that has the lane may be among them.
      if (pid != of_template && pid > last + 1) ::kill(pid, SIGKILL);
    }
    std::string body = get().body;
    if (driver.wait_for(ControlType::kExited, 100)) driver.spawn(0);
    if (!body.empty()) last = std::stoi(body);
  }
  EXPECT_NE(get().body, "");
}

TEST_F(Snapshot, ABootThatEndsOrFailsIsReported) {
  for (const char* script : {"<?php echo 'no loop here';", "<?php nonsense();"}) {
    start(script);
    EXPECT_TRUE(driver.wait_for(ControlType::kExited));
    EXPECT_EQ(WEXITSTATUS(driver.seen[ControlType::kExited].header.status),
              channel::kExitBootFailed);
  }
  handle_by("echo 'mended';");
  EXPECT_EQ(get().body, "mended");
}

TEST_F(Snapshot, ARetiredLaneEnds) {
  handle_by("echo 'x';");
  EXPECT_EQ(get().body, "x");
  driver.channel().retire(0, 1);
  EXPECT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_EQ(driver.seen[ControlType::kExited].header.status, 0);
}

TEST_F(Snapshot, ALaneThatNobodyHasCanBeKilled) {
  handle_by("echo 'x';", "sleep(1000);");
  driver.send(ControlType::kKill);
  EXPECT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_EQ(WTERMSIG(driver.seen[ControlType::kExited].header.status), SIGKILL);
}

TEST_F(Snapshot, ATimeoutEndsTheScript) {
  handle_by("if (isset($_GET['long'])) { while (true) usleep(1000); } echo 'x';");
  auto answer = driver.run({.script = "x", .query = "long"}, [](WorkerDriver& during) {
    // While the script is at it.
    if (during.channel().claim(0).state != channel::SlotState::kRunning) return;
    if (during.turns++ > 0) return;
    during.set_cancelled();
    during.send(ControlType::kInterrupt);
  });
  EXPECT_THAT(answer.logs, testing::Contains(HasSubstr("Request timeout")));
  EXPECT_TRUE(driver.wait_for(ControlType::kYielded));
  EXPECT_EQ(get().body, "x");
}

TEST_F(Snapshot, NothingGrows) {
  handle_by("echo count(scandir('/proc/self/fd')), ' ', memory_get_usage();",
            "$boot = str_repeat('x', 1 << 20);");
  auto template_pid = [this] { return driver.seen[ControlType::kSpawned].header.pid; };
  auto open_files = [](pid_t pid) {
    auto all = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd");
    return std::distance(begin(all), end(all));
  };
  for (int i = 0; i < 20; ++i) get();
  std::string body = get().body;
  auto of_template = open_files(template_pid());
  auto of_host = open_files(driver.host());
  for (int i = 0; i < 1000; ++i) (void)get();
  EXPECT_EQ(get().body, body);
  EXPECT_EQ(open_files(template_pid()), of_template);
  EXPECT_EQ(open_files(driver.host()), of_host);
}

TEST_F(Snapshot, OpcacheIsResetByANewHost) {
  handle_by("echo json_encode(opcache_reset());");
  EXPECT_EQ(get().body, "true");
  EXPECT_TRUE(driver.wait_for(ControlType::kRenewalWanted));
  EXPECT_EQ(get().body, "true");
}

#endif

}  // namespace
}  // namespace howdah::php
