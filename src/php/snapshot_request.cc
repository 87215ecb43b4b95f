#include "php/snapshot_request.h"

#include <Zend/zend_observer.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

// They do not say so themselves.
extern "C" {
#include <ext/standard/basic_functions.h>
}

#include "channel/control.h"
#include "php/attempt.h"
#include "php/engine.h"
#include "php/opcache_lock.h"
#include "php/script_log.h"
#include "php/snapshot_random.h"
#include "php/snapshot_sqlite.h"
#include "php/snapshot_template.h"

namespace howdah::php {
namespace {

// So many possible roots, and a fork's own garbage is worth collecting; PHP's first threshold.
constexpr uint32_t kWorthCollecting = 10000;
constexpr const char* kHugePagesVariable = "USE_ZEND_ALLOC_HUGE_PAGES";

// --- of the template

// Where the boot's objects and resources end and a request's begin.
uint32_t first_own_object = 0;
zend_long first_own_resource = 0;
// The boot's shutdown functions.
HashTable* boot_shutdown_functions = nullptr;
int opcache_lock = -1;

template <class Visit>
void each_object(uint32_t first, Visit visit) {
  zend_objects_store& store = EG(objects_store);
  for (uint32_t i = first; i < store.top; ++i) {
    if (IS_OBJ_VALID(store.object_buckets[i])) visit(store.object_buckets[i]);
  }
}

// A destructor that is said to have run does not run in any fork. Objects for which that was not
// so are remembered: theirs run at the template's end.
zend_object** held_destructors = nullptr;
uint32_t held_count = 0;

void hold_destructors() {
  zend_objects_store& store = EG(objects_store);
  held_destructors = static_cast<zend_object**>(malloc(sizeof(zend_object*) * store.top));
  held_count = 0;
  if (held_destructors == nullptr) return;
  each_object(1, [](zend_object* object) {
    if ((OBJ_FLAGS(object) & IS_OBJ_DESTRUCTOR_CALLED) != 0) return;
    GC_ADD_FLAGS(object, IS_OBJ_DESTRUCTOR_CALLED);
    held_destructors[held_count++] = object;
  });
}

void release_destructors() {
  for (uint32_t i = 0; i < held_count; ++i) {
    GC_DEL_FLAGS(held_destructors[i], IS_OBJ_DESTRUCTOR_CALLED);
  }
  free(held_destructors);
  held_destructors = nullptr;
}

void prepare_template() {
  // Or a fork's collector would walk over, and so copy, what the boot has left.
  zend_gc_collect_cycles();
  zend_mm_gc(zend_mm_get_heap());
  note_random_state();
  opcache_lock = find_opcache_lock();
  // New objects are told from the boot's by their number.
  EG(objects_store).free_list_head = -1;
  first_own_object = EG(objects_store).top;
  first_own_resource = EG(regular_list).nNextFreeElement;
  hold_destructors();
  boot_shutdown_functions = BG(user_shutdown_function_names);
  BG(user_shutdown_function_names) = nullptr;
}

void restore_template() {
  BG(user_shutdown_function_names) = boot_shutdown_functions;
  release_destructors();
}

// --- of a fork

// A collection counts down and up again what each object of the boot refers to: a copy of all of
// their pages, for the little that one request leaves.
int collect_when_worthwhile() {
  zend_gc_status status;
  zend_gc_get_status(&status);
  return status.num_roots < kWorthCollecting ? 0 : zend_gc_collect_cycles();
}

void prepare_fork() {
  // Pages that are copied one by one are cheaper than fresh ones of 2 MB.
  ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  enter_engine();
  take_opcache_lock(opcache_lock);
}

int destroy_last_reference(zval* global) {
  if (Z_TYPE_P(global) == IS_INDIRECT) global = Z_INDIRECT_P(global);
  bool last = Z_TYPE_P(global) == IS_OBJECT && Z_REFCOUNT_P(global) == 1 &&
              (OBJ_FLAGS(Z_OBJ_P(global)) & IS_OBJ_DESTRUCTOR_CALLED) == 0;
  return last ? ZEND_HASH_APPLY_REMOVE : ZEND_HASH_APPLY_KEEP;
}

// As zend_call_destructors(), which would also drop the boot's globals.
void call_destructors() {
  zend_hash_reverse_apply(&EG(symbol_table), destroy_last_reference);
  zend_objects_store_call_destructors(&EG(objects_store));
}

// Files that the request has left open, in the order of PHP's own end.
void close_resources() {
  HashTable* list = &EG(regular_list);
  for (uint32_t i = list->nNumUsed; i-- > 0;) {
    zval* entry = ZEND_HASH_ELEMENT(list, i);
    if (Z_TYPE_P(entry) != IS_RESOURCE || Z_RES_P(entry)->handle < first_own_resource) continue;
    if (Z_RES_P(entry)->type >= 0) zend_list_close(Z_RES_P(entry));
  }
}

// Objects of extensions, which may have something to write.
void free_objects() {
  zend_objects_store& store = EG(objects_store);
  for (uint32_t i = store.top; i-- > first_own_object;) {
    zend_object* object = store.object_buckets[i];
    if (!IS_OBJ_VALID(object) || (OBJ_FLAGS(object) & IS_OBJ_FREE_CALLED) != 0) continue;
    if (object->handlers->free_obj == zend_object_std_dtor) continue;
    GC_ADD_FLAGS(object, IS_OBJ_FREE_CALLED);
    GC_ADDREF(object);
    object->handlers->free_obj(object);
  }
}

// php_request_shutdown() without its freeing.
void shut_down_request() {
  EG(flags) |= EG_FLAGS_IN_SHUTDOWN;
  EG(current_execute_data) = nullptr;
#ifdef ZEND_HAS_OOM
  // Debian's 8.2 calls no function after memory has run out, until here.
  EG(delayed_oom).state = ZEND_OOM_STATE_NONE;
#endif
  if (ZEND_OBSERVER_ENABLED) zend_observer_fcall_end_all();
  attempt([] { php_call_shutdown_functions(); });
  attempt(call_destructors);
  attempt([] { php_output_end_all(); });
  zend_unset_timeout();
  attempt([] { zend_deactivate_modules(); });
  attempt([] { php_output_deactivate(); });
  attempt(close_resources);
  attempt(free_objects);
  attempt([] { sapi_deactivate(); });
}

// Its reason goes to the log, and to the front as that of a boot that failed.
[[noreturn]] void refuse_to_fork(RequestState* state, const char* database) {
  char text[sizeof state->run.last_words];
  int size = snprintf(text, sizeof text,
                      "WORKER_MODE=snapshot: the SQLite database %s is open at the first "
                      "frankenphp_handle_request(), and must not be forked: open it in the "
                      "request",
                      database);
  std::fprintf(stderr, "%s\n", text);
  keep_last_words(state, {text, std::min(static_cast<size_t>(size), sizeof text - 1)});
  note_boot_failure(state);
  ::_exit(channel::kExitBootFailed);
}

// No PHP is called here.
void inspect_descriptors(RequestState* state) {
  std::string refusal;
  state->run.snapshot->inspect(refusal);
  if (!refusal.empty()) refuse_to_fork(state, refusal.c_str());
}

}  // namespace

void ask_for_huge_pages() { ::setenv(kHugePagesVariable, "1", 1); }
void forget_huge_pages() { ::unsetenv(kHugePagesVariable); }

bool snapshot_script(RequestState* state) {
  SnapshotTemplate& snapshot = *state->run.snapshot;
  zend_string* database = find_sqlite_file();
  if (database != nullptr) refuse_to_fork(state, ZSTR_VAL(database));
  inspect_descriptors(state);
  prepare_template();
  if (snapshot.park(prepare_fork) == SnapshotTemplate::Role::kTemplate) {
    restore_template();
    return false;
  }
  snapshot.attach(*state);
  seed_anew();
  return true;
}

void go_on_after_request() {
  if (gc_collect_cycles == zend_gc_collect_cycles) gc_collect_cycles = collect_when_worthwhile;
}

void run_shutdown_functions() {
  attempt([] { php_call_shutdown_functions(); });
  php_free_shutdown_functions();
}

void end_snapshot_request(RequestState* state) {
  // The loop may have been left by zend_bailout(); a fatal error has said so itself.
  if (EG(exit_status) != 255) CG(unclean_shutdown) = false;
  shut_down_request();
  // A child of pcntl_fork(): lane and ring are its parent's.
  if (state->detached == 0) {
    state->body_fd.reset();
    if (state->channel->holds_request()) state->channel->release();
    state->run.snapshot->hand_over();
  }
  ::_exit(state->detached == 0 ? 0 : EG(exit_status));
}

}  // namespace howdah::php
