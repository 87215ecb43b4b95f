// What a request costs inside the PHP process, beside PHP's bare request cycle: startup, script,
// shutdown, with nothing of ours. One thread plays the front, too; its part is not counted.
//
//   php_bench [REQUESTS]      prints a line for each, and the ratio that is aimed at
//
// The JIT is off: with it, PHP 8.2 pays for its internal functions in each bare request
// (internal_caches.h), which would flatter us.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "channel/front_channel.h"
#include "channel/request_codec.h"
#include "php/engine.h"
#include "php/php_api.h"
#include "php/request_info.h"
#include "php/sapi_module.h"
#include "php/worker.h"

namespace howdah::php {
namespace {

constexpr uint32_t kSlots = 64;  // published at a time, while the clock stands
constexpr uint32_t kWarmUp = 4'096;
constexpr uint32_t kDefault = 65'536;
constexpr double kWantedRatio = 0.52;  // an empty worker-mode request / a bare one: 2.5 us / 4.8 us

double thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// --- PHP's request cycle alone -----------------------------------------------------------------

size_t drop_output(const char*, size_t size) { return size; }
void drop_flush(void*) {}
int drop_head(sapi_headers_struct*) { return SAPI_HEADER_SENT_SUCCESSFULLY; }
char* no_cookies() { return nullptr; }
size_t no_body(char*, size_t) { return 0; }
int nothing() { return SUCCESS; }
void no_variables(zval*) {}

double bare_cycle(const std::string& script, uint32_t requests) {
  const sapi_module_struct own = sapi_module;
  sapi_module.activate = sapi_module.deactivate = nothing;
  sapi_module.ub_write = drop_output;
  sapi_module.flush = drop_flush;
  sapi_module.send_headers = drop_head;
  sapi_module.read_cookies = no_cookies;
  sapi_module.read_post = no_body;
  sapi_module.register_server_variables = no_variables;
  double begun = 0;
  char query[] = "a=1";
  for (uint32_t i = 0; i < kWarmUp + requests; ++i) {
    if (i == kWarmUp) begun = thread_cpu_us();
    SG(server_context) = &begun;
    SG(request_info).request_method = "GET";
    SG(request_info).request_uri = const_cast<char*>("/x.php");
    SG(request_info).query_string = query;
    SG(request_info).path_translated = const_cast<char*>(script.c_str());
    SG(sapi_headers).http_response_code = 200;
    php_request_startup();
    zend_file_handle file;
    zend_stream_init_filename(&file, script.c_str());
    file.primary_script = true;
    php_execute_script(&file);
    zend_destroy_file_handle(&file);
    php_request_shutdown(nullptr);
  }
  double spent = thread_cpu_us() - begun;
  sapi_module = own;
  clear_request_info();
  return spent / requests;
}

// --- a worker with its channel -----------------------------------------------------------------

class Front {
 public:
  explicit Front(const std::string& script) {
    front_ = std::move(
        channel::FrontChannel::create({.workers = 1, .loops = 1, .slots = kSlots}).value());
    seat_ = channel::Seat::create(0, 1, 1).value();
    std::vector<base::UniqueFd> events;
    events.emplace_back(::dup(front_->loop_event(0)));
    regions_ = std::move(channel::SharedRegions::attach(
                             base::UniqueFd(::dup(front_->requests_fd())),
                             base::UniqueFd(::dup(front_->claims_fd())), std::move(events))
                             .value());
    worker_ =
        std::move(channel::WorkerChannel::attach(*regions_, 0, 1, std::move(seat_->region_fd()),
                                                 std::move(seat_->worker_body_socket()))
                      .value());
    using channel::Var;
    request_.begin();
    request_.add(Var::kRequestMethod, "GET");
    request_.add(Var::kRequestUri, "/x.php?a=1");
    request_.add(Var::kQueryString, "a=1");
    request_.add(Var::kScriptName, "/x.php");
    request_.add(Var::kScriptFilename, script);
    request_.add(Var::kPhpSelf, "/x.php");
    request_.add(Var::kDocumentRoot, "/tmp");
    request_.add(Var::kServerProtocol, "HTTP/1.1");
    request_.add(Var::kRemoteAddr, "127.0.0.9");
    request_.add(Var::kTokioRequestId, "0123456789ab-0123");
    request_.add_header("Host", "localhost");
    request_.add_header("User-Agent", "bench");
  }

  // CPU time of `requests` requests, of each. `state` has its script, if there is one.
  double run(RequestState& state, uint32_t requests) {
    state.channel = worker_.get();
    left_ = kWarmUp + requests;
    done_ = counted_from_ = 0;
    spent_ = 0;
    next_activate = sapi_module.activate;
    playing = this;
    sapi_module.activate = [] {
      playing->turn();
      return next_activate();
    };
    publish();
    begun_ = thread_cpu_us();
    run_worker(state, kWarmUp + requests);
    spent_ += thread_cpu_us() - begun_;
    sapi_module.activate = next_activate;
    take_back();
    return spent_ / (done_ - counted_from_);
  }

 private:
  // In the middle of each request. With the last one of those that were published the clock stands
  // until there are more.
  void turn() {
    if (SG(server_context) == nullptr) return;
    ++done_;
    if (--waiting_ != 0) return;
    spent_ += thread_cpu_us() - begun_;
    if (counted_from_ == 0 && done_ >= kWarmUp) {
      counted_from_ = done_;
      spent_ = 0;
    }
    publish();
    begun_ = thread_cpu_us();
  }

  // All but the slot of the request that runs are free again.
  void publish() {
    take_back();
    for (uint32_t slot = 0; slot < kSlots && left_ > 0; ++slot) {
      if (front_->claim(slot).state != channel::SlotState::kFree) continue;
      front_->publish(slot, ++ticket_, 0, request_.bytes(), {}, 0);
      ++waiting_;
      --left_;
    }
  }

  void take_back() {
    front_->take_news(0, [](uint32_t) {});
    for (auto frame = seat_->ring(0).peek(); frame && *frame; frame = seat_->ring(0).peek())
      continue;
    seat_->ring(0).take_to(seat_->ring(0).peeked());
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (front_->claim(slot).state == channel::SlotState::kReleased) front_->reset(slot);
    }
  }

  static inline Front* playing = nullptr;
  static inline int (*next_activate)() = nullptr;

  std::unique_ptr<channel::FrontChannel> front_;
  std::shared_ptr<channel::Seat> seat_;
  std::unique_ptr<channel::SharedRegions> regions_;
  std::unique_ptr<channel::WorkerChannel> worker_;
  channel::RequestEncoder request_;
  uint32_t ticket_ = 0;
  uint32_t left_ = 0;     // to be published
  uint32_t waiting_ = 0;  // published, and not begun
  uint32_t done_ = 0;     // begun
  uint32_t counted_from_ = 0;
  double begun_ = 0;
  double spent_ = 0;
};

double worker_cycle(const WorkerScript* script, const std::string& path, uint32_t requests) {
  Front front(path);
  auto state = std::make_unique<RequestState>();
  state->run.script = script;
  return front.run(*state, requests);
}

std::string write_script(const std::filesystem::path& folder, const char* name, const char* text) {
  std::ofstream(folder / name) << text;
  return folder / name;
}

int run_all(uint32_t requests) {
  char pattern[] = "/tmp/howdah-bench-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(pattern);
  ::setenv("PHP_INI_SCAN_DIR", "", 1);
  Options options;
  options.ini_path = write_script(
      folder, "php.ini",
      "zend_extension=opcache\nopcache.validate_timestamps=0\nopcache.file_update_protection=0\n"
      "opcache.jit=off\nopcache.jit_buffer_size=0\nmax_execution_time=0\noutput_buffering=4096\n");
  options.ini_sets = {"opcache.jit=off", "opcache.jit_buffer_size=0"};
  if (!start_engine(options)) return 1;
  enter_engine();
  const std::string empty = write_script(folder, "empty.php", "<?php\n");
  const std::string hello = write_script(folder, "hello.php", "<?php echo \"Hello, world\\n\";\n");
  auto loop = [&folder](const char* name, const std::string& body) {
    std::string text = "<?php $handler = function () { " + body +
                       " };\nwhile (frankenphp_handle_request($handler)) {}\n";
    WorkerScript script;
    script.path = write_script(folder, name, text.c_str());
    script.name = std::string("/") + name;
    script.document_root = folder;
    return script;
  };
  const WorkerScript empty_loop = loop("loop.php", "");
  const WorkerScript hello_loop = loop("hello_loop.php", "echo \"Hello, world\\n\";");
  const WorkerScript server_loop = loop("server_loop.php", "$_SERVER['REQUEST_URI'];");

  auto show = [](const char* what, double us) {
    std::printf("%-42s %6.2f us\n", what, us);
    return us;
  };
  double bare = show("bare cycle, empty script", bare_cycle(empty, requests));
  double bare_hello = show("bare cycle, hello", bare_cycle(hello, requests));
  show("classic, empty script", worker_cycle(nullptr, empty, requests));
  show("classic, hello", worker_cycle(nullptr, hello, requests));
  double worker = show("worker mode, empty handler", worker_cycle(&empty_loop, empty, requests));
  show("worker mode, hello", worker_cycle(&hello_loop, empty, requests));
  show("worker mode, $_SERVER", worker_cycle(&server_loop, empty, requests));
  std::printf(
      "empty worker-mode request / bare cycle: %.2f of the empty script, %.2f of hello "
      "(wanted: %.2f)\n",
      worker / bare, worker / bare_hello, kWantedRatio);
  std::filesystem::remove_all(folder);
  stop_engine();
  return 0;
}

}  // namespace
}  // namespace howdah::php

int main(int argc, char** argv) {
  using namespace howdah::php;
  const long requests = argc > 1 ? std::atol(argv[1]) : kDefault;
  if (requests < kSlots || requests > 100'000'000) {
    std::fprintf(stderr, "usage: php_bench [REQUESTS]   at least %u\n", kSlots);
    return 2;
  }
  return run_all(static_cast<uint32_t>(requests));
}
