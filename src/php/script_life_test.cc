// How runs of a worker script begin and end, in the real worker program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "php/worker_script_fixture.h"

namespace howdah::php {
namespace {

using channel::ControlType;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ScriptLife : public Script {
 protected:
  void start(std::string_view text) { Script::start("<?php " + std::string(text)); }
  // Why the boot failed, as the host says.
  std::string boot_failure() {
    EXPECT_TRUE(driver.wait_for(ControlType::kExited));
    const auto& exited = driver.seen[ControlType::kExited];
    EXPECT_EQ(WEXITSTATUS(exited.header.status), channel::kExitBootFailed);
    return exited.text;
  }
  bool waits() {
    for (int i = 0; i < 250 && !driver.seat(0).report().waited; ++i) {
      driver.wait_for(ControlType::kExited, 20);
    }
    return driver.seat(0).report().waited;
  }
  // How a run ended is said before its request is given back.
  std::string all_logs() {
    std::string all;
    for (const auto& line : logs) all += line + "\n";
    return all;
  }
};

TEST_F(ScriptLife, SaysThatItWaitsOnlyAfterItsBoot) {
  start(
      "while (!file_exists(__DIR__ . '/go')) usleep(1000); "
      "while (frankenphp_handle_request(function () { echo 'x'; })) {}");
  driver.wait_for(ControlType::kExited, 100);
  EXPECT_FALSE(driver.seat(0).report().waited);
  driver.write_script("go", "");
  EXPECT_TRUE(waits());
  EXPECT_EQ(get().body, "x");
}

TEST_F(ScriptLife, BootFailuresAreTold) {
  start("throw new Exception('no database');");
  EXPECT_THAT(boot_failure(), StartsWith("Uncaught Exception: no database in "));
  start("echo \"first\\n\"; exit(\"not configured\\n\");");
  EXPECT_EQ(boot_failure(), "not configured");
  start("syntax error here");
  EXPECT_THAT(boot_failure(), HasSubstr("syntax error"));
  start("echo $undefined;");
  EXPECT_THAT(boot_failure(), HasSubstr("Undefined variable"));  // the last that was said
}

TEST_F(ScriptLife, AnExitInTheHandlerBeginsTheScriptAgain) {
  start(
      "$boot = hrtime(true); while (frankenphp_handle_request(function () use ($boot) { "
      "echo $boot, ' '; if (isset($_GET['exit'])) { register_shutdown_function(function () { "
      "echo 'SHUT'; }); exit((int) $_GET['exit']); } })) {}");
  std::string first = get("exit=0").body;
  EXPECT_THAT(first, HasSubstr("SHUT"));
  EXPECT_THAT(all_logs(), HasSubstr("worker script restarting"));
  auto second = get("exit=3");
  EXPECT_TRUE(second.ended);
  EXPECT_THAT(second.body, Not(HasSubstr(first.substr(0, first.find(' ')))));
  EXPECT_THAT(all_logs(), AllOf(HasSubstr("unexpected termination, restarting"),
                                HasSubstr("\"exit_status\":3")));
  EXPECT_TRUE(get().ended);
  EXPECT_EQ(driver.seat(0).report().script_restarts, 2u);
  EXPECT_FALSE(driver.seen.contains(ControlType::kExited));
}

TEST_F(ScriptLife, AnErrorThatEndsTheScriptBeginsItAgain) {
  start(
      "while (frankenphp_handle_request(function () { static $n = 0; "
      "if (isset($_GET['fatal'])) trigger_error('enough', E_USER_ERROR); echo ++$n; })) {}");
  EXPECT_EQ(get().body, "1");
  EXPECT_EQ(get("fatal").status, 500);
  EXPECT_THAT(all_logs(), HasSubstr("\"exit_status\":255"));
  EXPECT_EQ(get().body, "1");
}

TEST_F(ScriptLife, ARetiredScriptRunsItsEndAndIsNotBegunAgain) {
  start(
      "register_shutdown_function(function () { echo \"shut down\\n\"; }); "
      "while (frankenphp_handle_request(function () { echo 'x'; })) {} echo \"after the "
      "loop\\n\";");
  EXPECT_EQ(get().body, "x");
  driver.channel().retire(0, 1);
  ASSERT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_EQ(driver.seen[ControlType::kExited].header.status, 0);
  EXPECT_TRUE(said("shut down"));
  EXPECT_TRUE(said("after the loop"));
}

TEST_F(ScriptLife, AScriptThatIgnoresTheEndIsEnded) {
  start("for (;;) { frankenphp_handle_request(function () { echo 'x'; }); }");
  EXPECT_EQ(get().body, "x");
  driver.channel().retire(0, 1);
  ASSERT_TRUE(driver.wait_for(ControlType::kExited));
  EXPECT_EQ(driver.seen[ControlType::kExited].header.status, 0);
  EXPECT_TRUE(said("100 times"));
}

TEST_F(ScriptLife, AResetOfOpcacheAsksForANewGenerationButNotWhileItBoots) {
  start(
      "$booted = opcache_reset(); while (frankenphp_handle_request(function () use ($booted) { "
      "echo json_encode([$booted, isset($_GET['reset']) && opcache_reset()]); })) {}");
  EXPECT_EQ(get().body, "[true,false]");
  EXPECT_FALSE(driver.wait_for(ControlType::kRenewalWanted, 100));
  EXPECT_EQ(get("reset").body, "[true,true]");
  EXPECT_TRUE(driver.wait_for(ControlType::kRenewalWanted));
  EXPECT_EQ(driver.seen[ControlType::kRenewalWanted].header.status, 0);
  EXPECT_EQ(get().body, "[true,false]");
}

}  // namespace
}  // namespace howdah::php
