#include "php/snapshot_random.h"

#include <ext/random/php_random.h>

namespace howdah::php {
namespace {

struct Engine {
  zend_object* object;
  void (*construct)(INTERNAL_FUNCTION_PARAMETERS);
};
constexpr size_t kMaxEngines = 256;
Engine engines[kMaxEngines];
size_t engine_count = 0;

// --- Random\Engine objects

#if PHP_VERSION_ID >= 80200
struct WatchedClass {
  const char* name;
  void (*construct)(INTERNAL_FUNCTION_PARAMETERS);
};
WatchedClass watched[] = {{"random\\engine\\mt19937", nullptr},
                          {"random\\engine\\pcgoneseq128xslrr64", nullptr},
                          {"random\\engine\\xoshiro256starstar", nullptr}};

template <size_t kIndex>
void construct_watched(INTERNAL_FUNCTION_PARAMETERS) {
  bool seeded = ZEND_NUM_ARGS() > 0 && Z_TYPE_P(ZEND_CALL_ARG(execute_data, 1)) != IS_NULL;
  zend_object* object = Z_OBJ_P(ZEND_THIS);
  watched[kIndex].construct(INTERNAL_FUNCTION_PARAM_PASSTHRU);
  if (!seeded && EG(exception) == nullptr && engine_count < kMaxEngines) {
    engines[engine_count++] = {object, watched[kIndex].construct};
  }
}

template <size_t kIndex>
void watch() {
  const char* name = watched[kIndex].name;
  auto* entry =
      static_cast<zend_class_entry*>(zend_hash_str_find_ptr(CG(class_table), name, strlen(name)));
  if (entry == nullptr || entry->constructor == nullptr) return;
  watched[kIndex].construct = entry->constructor->internal_function.handler;
  entry->constructor->internal_function.handler = construct_watched<kIndex>;
}
#endif

bool is_alive(const zend_object* object) {
  zend_objects_store& store = EG(objects_store);
  for (uint32_t i = 1; i < store.top; ++i) {
    if (store.object_buckets[i] == object) return true;
  }
  return false;
}

// In the template: those that are gone must not be touched.
void forget_dead_engines() {
  size_t alive = 0;
  for (size_t i = 0; i < engine_count; ++i) {
    bool engine = is_alive(engines[i].object) &&
                  instanceof_function(engines[i].object->ce, random_ce_Random_Engine);
    if (engine) engines[alive++] = engines[i];
  }
  engine_count = alive;
}

// The generators that extensions keep for the whole process.
void forget_seeds() {
  RANDOM_G(mt19937_seeded) = false;
  RANDOM_G(combined_lcg_seeded) = false;
#ifndef ZTS
  auto* gmp = static_cast<zend_module_entry*>(
      zend_hash_str_find_ptr(&module_registry, "gmp", sizeof "gmp" - 1));
  // The first member says whether there is a state; it is made again from the system's generator.
  if (gmp != nullptr && gmp->globals_ptr != nullptr) *static_cast<bool*>(gmp->globals_ptr) = false;
#endif
}

void construct_again(zend_object* engine) {
  zend_try {
    zend_call_known_instance_method_with_0_params(engine->ce->constructor, engine, nullptr);
  }
  zend_end_try();
  if (EG(exception) != nullptr) zend_clear_exception();
}

}  // namespace

void watch_random_engines() {
  watch<0>();
  watch<1>();
  watch<2>();
}

void note_random_state() {
  forget_seeds();
  forget_dead_engines();
}

void seed_anew() {
  for (size_t i = 0; i < engine_count; ++i) construct_again(engines[i].object);
}

}  // namespace howdah::php
