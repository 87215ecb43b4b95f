#include "php/filter_input.h"

#include "php/php_api.h"
#include "php/request_state.h"

namespace howdah::php {
namespace {

struct Wrapped {
  const char* name;
  zif_handler original;
};
Wrapped wrapped[] = {
    {"filter_input", nullptr}, {"filter_input_array", nullptr}, {"filter_has_var", nullptr}};

void feed_filter() {
  RequestState* state = current_state;
  if (state == nullptr || !state->in_request || state->filter_filled) return;
  state->filter_filled = true;
  // The filter also writes into the array behind $_SERVER; it gets one that is thrown away.
  zval* server = &PG(http_globals)[TRACK_VARS_SERVER];
  zval kept;
  ZVAL_COPY_VALUE(&kept, server);
  array_init(server);
  channel::RequestView view = state->request->vars;
  channel::RequestView::Item item;
  while (view.next(item)) {
    char* value = estrndup(item.value.data(), item.value.size());
    size_t size;
    sapi_module.input_filter(PARSE_SERVER, item.name.data(), &value, item.value.size(), &size);
    efree(value);
  }
  zval_ptr_dtor(server);
  ZVAL_COPY_VALUE(server, &kept);
}

template <size_t index>
void with_server_variables(INTERNAL_FUNCTION_PARAMETERS) {
  feed_filter();
  wrapped[index].original(INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

template <size_t index>
void wrap() {
  Wrapped& entry = wrapped[index];
  zval* found = zend_hash_str_find(CG(function_table), entry.name, strlen(entry.name));
  if (found == nullptr) return;
  auto* function = static_cast<zend_internal_function*>(Z_PTR_P(found));
  entry.original = function->handler;
  function->handler = with_server_variables<index>;
}

}  // namespace

void wrap_filter_functions() {
  wrap<0>();
  wrap<1>();
  wrap<2>();
}

}  // namespace howdah::php
