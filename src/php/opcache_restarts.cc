#include "php/opcache_restarts.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "base/clock.h"
#include "php/php_api.h"
#include "php/request_state.h"

namespace howdah::php {
namespace {

// How long a restart that is about to be scheduled waits for threads that are starting a request.
// They do not wait for anything of this thread's; a session lock may hold them for longer, but then
// they are past what OPcache does.
constexpr base::Nanos kStartsLimit = 200 * base::kMillisecond;
constexpr useconds_t kLookMicroseconds = 50;

// How often one of the workers asks whether a restart is pending, which takes some microseconds.
[[maybe_unused]] constexpr base::Nanos kPendingInterval = base::kSecond;

// In memory that the host shares with processes that it forks: OPcache's memory is theirs, too.
struct Shared {
  std::atomic<Renewal> wanted{Renewal::kNone};
  std::atomic<bool> closed{false};
  // Workers that are starting a request. One that is killed while it does so stays counted.
  std::atomic<int> starting{0};
  std::atomic<base::Nanos> look_at{0};
};
Shared* shared = nullptr;  // restarts are not prevented
int event = -1;

void want(Renewal renewal) {
  Renewal before = shared->wanted.load();
  while (before < renewal && !shared->wanted.compare_exchange_weak(before, renewal)) continue;
  if (before >= renewal) return;
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(event, &one, sizeof one);
}

// As OPcache's validate_api_restriction().
bool api_allowed() {
  const char* prefix = zend_ini_string("opcache.restrict_api", strlen("opcache.restrict_api"), 0);
  if (prefix == nullptr || *prefix == '\0') return true;
  const char* path = SG(request_info).path_translated;
  if (path != nullptr && strncmp(path, prefix, strlen(prefix)) == 0) return true;
  zend_error(E_WARNING,
             "Zend OPcache API is restricted by \"restrict_api\" configuration directive");
  return false;
}

void reset_by_a_new_host(INTERNAL_FUNCTION_PARAMETERS) {
  ZEND_PARSE_PARAMETERS_NONE();
  if (!api_allowed()) RETURN_FALSE;
  if (!zend_ini_long("opcache.enable", strlen("opcache.enable"), 0)) RETURN_FALSE;
  // A script that asks for it whenever it boots would never come to an end.
  if (current_state != nullptr && current_state->run.is_booting()) RETURN_TRUE;
  want(Renewal::kAsked);
  RETURN_TRUE;
}

#if PHP_VERSION_ID >= 80400
void (*next_schedule_hook)(int) = nullptr;

// Before OPcache notes that a restart is due. It is done by the next request that starts: from here
// on there is none.
void on_restart_scheduled(int reason) {
  // First: the front must hear of it before it replaces workers that end because of it.
  want(Renewal::kNeeded);
  shared->closed.store(true);
  const base::Nanos give_up = base::monotonic_now() + kStartsLimit;
  while (shared->starting.load() > 0 && base::monotonic_now() < give_up)
    ::usleep(kLookMicroseconds);
  if (next_schedule_hook != nullptr) next_schedule_hook(reason);
}
#endif

}  // namespace

base::Status prevent_opcache_restarts() {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return base::fail_errno("mmap");
  event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return base::fail_errno("eventfd");
  shared = new (memory) Shared;
  zval* found = zend_hash_str_find(CG(function_table), "opcache_reset", strlen("opcache_reset"));
  if (found == nullptr) return {};
  static_cast<zend_internal_function*>(Z_PTR_P(found))->handler = reset_by_a_new_host;
#if PHP_VERSION_ID >= 80400
  next_schedule_hook = zend_accel_schedule_restart_hook;
  zend_accel_schedule_restart_hook = on_restart_scheduled;
#endif
  return {};
}

int renewal_event() { return event; }

Renewal take_wanted_renewal() {
  uint64_t count;
  [[maybe_unused]] ssize_t got = ::read(event, &count, sizeof count);
  return shared->wanted.exchange(Renewal::kNone);
}

#if PHP_VERSION_ID >= 80400
void look_for_wanted_restart(base::Nanos) {}
#else
void look_for_wanted_restart(base::Nanos now) {
  if (shared == nullptr) return;
  base::Nanos look_at = shared->look_at.load(std::memory_order_relaxed);
  if (now < look_at || !shared->look_at.compare_exchange_strong(look_at, now + kPendingInterval))
    return;
  const char* limited = zend_ini_string("opcache.restrict_api", strlen("opcache.restrict_api"), 0);
  if (limited != nullptr && *limited != '\0') return;  // it would warn
  auto* function = static_cast<zend_function*>(zend_hash_str_find_ptr(
      CG(function_table), "opcache_get_status", strlen("opcache_get_status")));
  if (function == nullptr) return;
  zval without_scripts, status;
  ZVAL_FALSE(&without_scripts);
  zend_call_known_function(function, nullptr, nullptr, &status, 1, &without_scripts, nullptr);
  if (Z_TYPE(status) != IS_ARRAY) return;  // it is off
  zval* pending =
      zend_hash_str_find(Z_ARRVAL(status), "restart_pending", strlen("restart_pending"));
  if (pending != nullptr && Z_TYPE_P(pending) == IS_TRUE) want(Renewal::kNeeded);
  zval_ptr_dtor(&status);
}
#endif

bool enter_request_start() {
  if (shared == nullptr) return true;
  shared->starting.fetch_add(1);
  if (!shared->closed.load()) return true;
  shared->starting.fetch_sub(1);
  return false;
}

void leave_request_start() {
  if (shared != nullptr) shared->starting.fetch_sub(1);
}

}  // namespace howdah::php
