#include "serve/router.h"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>

namespace howdah::serve {
namespace {

class FakeFiles : public FileSystem {
 public:
  FakeFiles() {
    for (const char* file :
         {"/app.php", "/style.css", "/page.html", "/both/index.php", "/both/index.html",
          "/html/index.html", "/bare/x.txt", "/upper.PHP", "/lib.inc", "/a.phtml", "/b.phar",
          "/.env", "/.git/config", "/.well-known/acme", "/sub/deep/tool.php", "/up/evil.php",
          "/up/pic.png", "/up/index.php"}) {
      add(file);
    }
  }
  void add(const std::string& file) {
    kinds_[file] = FileKind::kFile;
    for (size_t slash = file.rfind('/'); slash != 0; slash = file.rfind('/', slash - 1)) {
      kinds_[file.substr(0, slash)] = FileKind::kDirectory;
    }
  }
  FileKind kind_of(std::string_view path) override {
    if (path == "/") return FileKind::kDirectory;
    if (path.starts_with("/closed/")) return FileKind::kForbidden;
    bool slash = path.ends_with('/');
    if (slash) path.remove_suffix(1);
    auto found = kinds_.find(std::string(path));
    if (found == kinds_.end()) return FileKind::kNone;
    return slash && found->second == FileKind::kFile ? FileKind::kNone : found->second;
  }

 private:
  std::map<std::string, FileKind> kinds_;
};

// "run /x.php /more", "file /x", "fallback /x", "308", "404"
std::string text_of(const Route& route) {
  switch (route.kind) {
    case RouteKind::kNotFound:
      return "404";
    case RouteKind::kForbidden:
      return "403";
    case RouteKind::kRedirect:
      return "308";
    case RouteKind::kFile:
      return "file " + route.file;
    case RouteKind::kFallback:
      return "fallback " + route.file;
    case RouteKind::kScript:
      if (route.pool != 0) {
        return "worker " + std::to_string(route.pool) +
               (route.path_info.empty() ? "" : " " + route.path_info);
      }
      return "run " + route.file + (route.path_info.empty() ? "" : " " + route.path_info);
  }
  return "?";
}

// One row of the contract's table: what each of its four columns says.
struct Row {
  const char* path;
  const char* none;
  const char* controller;
  const char* scripts;
  const char* page;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.path; }

constexpr const char* kFront = "run /index.php";
constexpr const char* kPage = "fallback /index.html";

const Row kTable[] = {
    {"/", "run /index.php", kFront, kFront, kPage},
    // existing static file
    {"/style.css", "file /style.css", "file /style.css", "file /style.css", "file /style.css"},
    {"/bare/x.txt", "file /bare/x.txt", "file /bare/x.txt", "file /bare/x.txt", "file /bare/x.txt"},
    // existing x.php
    {"/app.php", "run /app.php", "404", "run /app.php", "run /app.php"},
    {"/sub/deep/tool.php", "run /sub/deep/tool.php", "404", "run /sub/deep/tool.php",
     "run /sub/deep/tool.php"},
    // x.php/more
    {"/app.php/more/x", "run /app.php /more/x", "404", "run /app.php /more/x",
     "run /app.php /more/x"},
    {"/app.php/", "run /app.php /", "404", "run /app.php /", "run /app.php /"},
    // directory with a slash
    {"/both/", "run /both/index.php", "file /both/index.html", "run /both/index.php",
     "run /both/index.php"},
    {"/html/", "file /html/index.html", "file /html/index.html", "file /html/index.html",
     "file /html/index.html"},
    {"/bare/", "404", kFront, kFront, kPage},
    // directory without
    {"/both", "308", kFront, "308", "308"},
    {"/html", "308", kFront, "308", "308"},
    {"/bare", "404", kFront, kFront, kPage},
    // anything else
    {"/pretty/permalink", "404", kFront, kFront, kPage},
    {"/pretty/permalink/", "404", kFront, kFront, kPage},
    {"/none.txt", "404", kFront, kFront, kPage},
    {"/style.css/", "404", kFront, kFront, kPage},
    {"/nothing.php/more", "404", kFront, kFront, kPage},
    // names that end in .php and do not exist, and source under other names
    {"/nothing.php", "404", "404", "404", "404"},
    {"/upper.PHP", "404", "404", "404", "404"},
    {"/lib.inc", "404", "404", "404", "404"},
    {"/a.phtml", "404", "404", "404", "404"},
    {"/b.phar", "404", "404", "404", "404"},
    {"/nothing.INC", "404", "404", "404", "404"},
    // behind a directory that may not be entered
    {"/closed/x.txt", "403", kFront, kFront, kPage},
    {"/closed/x.php", "404", "404", "404", "404"},
    {"/closed/.env", "404", "404", "404", "404"},
    // dot files
    {"/.env", "404", "404", "404", "404"},
    {"/.git/config", "404", "404", "404", "404"},
    {"/.nothing", "404", "404", "404", "404"},
    {"/.well-known/acme", "file /.well-known/acme", "file /.well-known/acme",
     "file /.well-known/acme", "file /.well-known/acme"},
    // the script's index file by name
    {"/index.php", "run /index.php", "404", "run /index.php", "run /index.php"},
    // PHP_DENY=/up/*
    {"/up/evil.php", "404", "404", "404", "404"},
    {"/up/evil.php/more", "404", "404", "404", "404"},
    {"/up/pic.png", "file /up/pic.png", "file /up/pic.png", "file /up/pic.png", "file /up/pic.png"},
    {"/up/", "404", kFront, "404", "404"},
};

class RouterTable : public testing::TestWithParam<Row> {};

std::string routed(const char* index_file, bool scripts, const char* path) {
  Router router({.index_file = index_file, .index_scripts = scripts, .php_deny = {"/up/*"}});
  FakeFiles files;
  files.add("/index.php");
  files.add("/index.html");
  Route route;
  router.route(path, files, route);
  return text_of(route);
}

TEST_P(RouterTable, DecidesAsTheContractSays) {
  const Row& row = GetParam();
  EXPECT_EQ(routed("", false, row.path), row.none) << "no INDEX_FILE";
  EXPECT_EQ(routed("index.php", false, row.path), row.controller) << "INDEX_FILE=index.php";
  EXPECT_EQ(routed("index.php", true, row.path), row.scripts) << "INDEX_SCRIPTS=1";
  EXPECT_EQ(routed("index.html", false, row.path), row.page) << "INDEX_FILE=index.html";
}

INSTANTIATE_TEST_SUITE_P(Contract, RouterTable, testing::ValuesIn(kTable));

TEST(Router, HidesTheFallbackFileUnderItsOwnName) {
  EXPECT_EQ(routed("index.html", false, "/index.html"), "404");
}

TEST(Router, ServesAnIndexPageWhereNoScriptIs) {
  Router router({.index_file = "", .index_scripts = false, .php_deny = {}});
  FakeFiles files;
  Route route;
  router.route("/", files, route);
  EXPECT_EQ(text_of(route), "404");
  files.add("/index.html");
  router.route("/", files, route);
  EXPECT_EQ(text_of(route), "file /index.html");
}

// Worker scripts beside the same site: 1 = /app-worker.php takes /* but /ex/* and /app.php/no, 2 =
// one outside of the root takes /out/*, 3 = /sub/index.php takes what it is asked for by name.
const Row kWorkerTable[] = {
    // the root has an index.php and an index.html: it is the worker's
    {"/", "worker 1", "worker 1", "worker 1", "worker 1"},
    // a file wins
    {"/style.css", "file /style.css", "file /style.css", "file /style.css", "file /style.css"},
    {"/out/page.html", "file /out/page.html", "file /out/page.html", "file /out/page.html",
     "file /out/page.html"},
    // another script runs where it may
    {"/app.php", "run /app.php", "worker 1", "run /app.php", "run /app.php"},
    {"/app.php/more", "run /app.php /more", "worker 1", "run /app.php /more", "run /app.php /more"},
    {"/index.php", "run /index.php", "worker 1", "run /index.php", "run /index.php"},
    // a worker script by its name; one that another script's paths lead to
    {"/app-worker.php", "worker 1", "worker 1", "worker 1", "worker 1"},
    {"/app-worker.php/more", "worker 1 /more", "worker 1 /more", "worker 1 /more",
     "worker 1 /more"},
    {"/sub/index.php", "worker 3", "worker 3", "worker 3", "worker 3"},
    // directories
    {"/both/", "run /both/index.php", "file /both/index.html", "run /both/index.php",
     "run /both/index.php"},
    {"/both", "308", "worker 1", "308", "308"},
    {"/html/", "file /html/index.html", "file /html/index.html", "file /html/index.html",
     "file /html/index.html"},
    {"/bare/", "worker 1", "worker 1", "worker 1", "worker 1"},
    {"/bare", "worker 1", "worker 1", "worker 1", "worker 1"},
    {"/sub/", "worker 3", "worker 1", "worker 3", "worker 3"},
    // everything else
    {"/pretty/permalink", "worker 1", "worker 1", "worker 1", "worker 1"},
    {"/none.txt", "worker 1", "worker 1", "worker 1", "worker 1"},
    {"/nothing.php", "worker 1", "worker 1", "worker 1", "worker 1"},
    {"/nothing.php/more", "worker 1", "worker 1", "worker 1", "worker 1"},
    {"/closed/x.txt", "worker 1", "worker 1", "worker 1", "worker 1"},
    // the first script whose patterns match
    {"/out", "worker 2", "worker 2", "worker 2", "worker 2"},
    {"/out/x/y", "worker 2", "worker 2", "worker 2", "worker 2"},
    {"/outer", "worker 1", "worker 1", "worker 1", "worker 1"},
    // source and dot files, and what PHP_DENY=/up/* says
    {"/lib.inc", "404", "404", "404", "404"},
    {"/nothing.phtml", "404", "404", "404", "404"},
    {"/nothing.PHAR", "404", "404", "404", "404"},
    {"/upper.PHP", "404", "404", "404", "404"},
    {"/nothing.PHP", "404", "404", "404", "404"},
    {"/.env", "404", "404", "404", "404"},
    {"/out/.hidden", "404", "404", "404", "404"},
    {"/up/evil.php", "404", "404", "404", "404"},
    {"/up/evil.php/more", "404", "404", "404", "404"},
    {"/up/nothing.php", "404", "404", "404", "404"},
    {"/up/nothing", "worker 1", "worker 1", "worker 1", "worker 1"},
    // excluded: as without a worker script
    {"/ex", "404", kFront, kFront, kPage},
    {"/ex/x/y", "404", kFront, kFront, kPage},
    {"/ex/nothing.php", "404", "404", "404", "404"},
    {"/app.php/no", "run /app.php /no", "404", "run /app.php /no", "run /app.php /no"},
};

class WorkerTable : public testing::TestWithParam<Row> {};

std::string routed_beside_workers(const char* index_file, bool scripts, const char* path) {
  Router router(
      {.index_file = index_file,
       .index_scripts = scripts,
       .php_deny = {"/up/*"},
       .workers = {
           {.path = "/site/app-worker.php",
            .name = "/app-worker.php",
            .match = {"/*", "!/out/*", "!/ex/*", "!/app.php/no"}},
           {.path = "/elsewhere/w.php", .name = "", .match = {"/out/*"}},
           {.path = "/site/sub/index.php", .name = "/sub/index.php", .match = {"/nowhere"}}}});
  FakeFiles files;
  for (const char* file :
       {"/index.php", "/index.html", "/app-worker.php", "/out/page.html", "/sub/index.php"}) {
    files.add(file);
  }
  Route route;
  router.route(path, files, route);
  return text_of(route);
}

TEST_P(WorkerTable, DecidesAsTheContractSays) {
  const Row& row = GetParam();
  EXPECT_EQ(routed_beside_workers("", false, row.path), row.none) << "no INDEX_FILE";
  EXPECT_EQ(routed_beside_workers("index.php", false, row.path), row.controller)
      << "INDEX_FILE=index.php";
  EXPECT_EQ(routed_beside_workers("index.php", true, row.path), row.scripts) << "INDEX_SCRIPTS=1";
  EXPECT_EQ(routed_beside_workers("index.html", false, row.path), row.page)
      << "INDEX_FILE=index.html";
}

INSTANTIATE_TEST_SUITE_P(Contract, WorkerTable, testing::ValuesIn(kWorkerTable));

TEST(Router, RunsAWorkerScriptAsAnyOtherWhereItsPathsDoNotLead) {
  Router router(
      {.index_file = "index.php",
       .index_scripts = false,
       .php_deny = {},
       .workers = {
           {.path = "/site/index.php", .name = "/index.php", .match = {"/*", "!/upload/*"}}}});
  FakeFiles files;
  files.add("/index.php");
  Route route;
  router.route("/upload/x", files, route);
  EXPECT_EQ(text_of(route), "run /index.php");
  router.route("/x", files, route);
  EXPECT_EQ(text_of(route), "worker 1");
  EXPECT_EQ(route.file, "/index.php");
}

TEST(Router, RunsAWorkerScriptByItsNameWhereItsPathsDoNotLead) {
  Router router({.index_file = "",
                 .index_scripts = false,
                 .php_deny = {},
                 .workers = {{.path = "/site/app.php", .name = "/app.php", .match = {"/api/*"}}}});
  FakeFiles files;
  Route route;
  router.route("/app.php/more", files, route);
  EXPECT_EQ(text_of(route), "run /app.php /more");
}

TEST(WorkerRoute, TakesWhatAPatternMatchesAndNoneExcludes) {
  WorkerRoute worker{.path = "", .name = "", .match = {"!/a/no", "/a/*", "/b", "!/a/*/x"}};
  EXPECT_TRUE(worker.takes("/a"));
  EXPECT_TRUE(worker.takes("/b"));
  EXPECT_TRUE(worker.takes("/a/x"));
  EXPECT_FALSE(worker.takes("/a/no"));
  EXPECT_FALSE(worker.takes("/a/1/x"));
  EXPECT_FALSE(worker.takes("/b/1"));
  EXPECT_FALSE(worker.takes("/"));
}

TEST(PathPattern, KnowsSegmentsAndSubtrees) {
  EXPECT_TRUE(matches_path_pattern("/a/*", "/a"));
  EXPECT_TRUE(matches_path_pattern("/a/*", "/a/b/c.php"));
  EXPECT_FALSE(matches_path_pattern("/a/*", "/ab/c.php"));
  EXPECT_TRUE(matches_path_pattern("/*", "/x/y"));
  EXPECT_TRUE(matches_path_pattern("/x/*.php", "/x/y.php"));
  EXPECT_FALSE(matches_path_pattern("/x/*.php", "/x/z/y.php"));
  EXPECT_TRUE(matches_path_pattern("/sites/*/files/*", "/sites/one/files/x/y.php"));
  EXPECT_FALSE(matches_path_pattern("/sites/*/files/*", "/sites/one/two/files/y.php"));
}

}  // namespace
}  // namespace howdah::serve
