#pragma once

// A worker script in the real worker program, for tests.

#include <gtest/gtest.h>

#include <cstdio>

#include "php/worker_driver.h"

namespace howdah::php {

class Script : public ::testing::Test {
 protected:
  Script()
      : driver({"--worker-script", "{root}/worker.php", "--worker-name", "/worker.php",
                "--document-root", "{root}", "--worker-env", "BOOT=yes", "--ini-set",
                "request_order=GP"},
               1, false) {}
  // For tests that need other options, or other settings of php.ini.
  explicit Script(const std::vector<std::string>& arguments) : driver(arguments, 1, false) {}
  explicit Script(const std::string& setting)
      : driver({"--worker-script", "{root}/worker.php", "--worker-name", "/worker.php",
                "--document-root", "{root}", "--ini-set", setting},
               1, false) {}
  void start(std::string_view text) {
    ASSERT_EQ(driver.failure(), "");
    driver.write_script("worker.php", text);
    driver.spawn(0);
  }
  // A script whose handler is `body`; `boot` runs before the loop.
  void handle_by(std::string_view body, std::string_view boot = "") {
    start("<?php " + std::string(boot) + "\n$handler = function () { static $n = 0; $n++; " +
          std::string(body) + "};\nwhile (frankenphp_handle_request($handler)) {}\n");
  }
  TestAnswer get(std::string query = "") {
    auto answer = driver.run({.script = "x", .query = query});
    logs.insert(logs.end(), answer.logs.begin(), answer.logs.end());
    return answer;
  }
  std::string all_lines() {
    std::string all;
    for (const auto& line : driver.lines) all += line + "\n";
    return all;
  }
  // Lines come through the host, maybe after the end of the worker.
  bool said(const std::string& text) {
    for (int i = 0; i < 200 && all_lines().find(text) == std::string::npos; ++i) {
      driver.wait_for(channel::ControlType::kFailed, 20);
      driver.take_logs();
    }
    return all_lines().find(text) != std::string::npos;
  }
  // What to show when a request went otherwise than expected.
  void TearDown() override {
    if (!HasFailure()) return;
    for (const auto& line : driver.lines) std::printf("stderr: %s\n", line.c_str());
    for (const auto& line : logs) std::printf("log: %s\n", line.c_str());
  }
  std::vector<std::string> logs;
  WorkerDriver driver;
};

}  // namespace howdah::php
