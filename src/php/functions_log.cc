#include <unistd.h>

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "channel/record.h"
#include "php/function_list.h"

// frankenphp_log(): a line for the log with attributes of the application's own.

namespace howdah::php {
namespace {

// base::LogLevel, whose header does not go with PHP's.
enum Level { kDebug, kInfo, kWarn, kError };

// The scale of Go's log/slog, which this function's users know.
constexpr zend_long kSlogDebug = -4, kSlogInfo = 0, kSlogWarn = 4, kSlogError = 8;

constexpr int kDeepestContext = 32;

Level level_of(zend_long slog) {
  if (slog >= kSlogError) return kError;
  if (slog >= kSlogWarn) return kWarn;
  return slog >= kSlogInfo ? kInfo : kDebug;
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) return base::append_json_string(out, "NAN");
  if (std::isinf(value)) return base::append_json_string(out, value > 0 ? "INF" : "-INF");
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// Each of these returns the type that cannot be logged, or IS_UNDEF. No PHP code runs: the standard
// encoder would ask objects, and change what json_last_error() says.
zend_uchar append_value(std::string& out, const zval* value, int depth);

// A key is appended when `keys` says so; then the elements make an object.
enum class Keys { kNone, kAll };

zend_uchar append_elements(std::string& out, zend_array* elements, Keys keys, int depth) {
  zend_ulong index;
  zend_string* key;
  zval* element;
  bool first = true;
  out += keys == Keys::kAll ? '{' : '[';
  ZEND_HASH_FOREACH_KEY_VAL(elements, index, key, element) {
    if (!std::exchange(first, false)) out += ',';
    if (keys == Keys::kAll) {
      key == nullptr ? base::append_json_string(out, std::to_string(static_cast<zend_long>(index)))
                     : base::append_json_string(out, {ZSTR_VAL(key), ZSTR_LEN(key)});
      out += ':';
    }
    zend_uchar unsupported = append_value(out, element, depth);
    if (unsupported != IS_UNDEF) return unsupported;
  }
  ZEND_HASH_FOREACH_END();
  out += keys == Keys::kAll ? '}' : ']';
  return IS_UNDEF;
}

zend_uchar append_value(std::string& out, const zval* value, int depth) {
  ZVAL_DEREF(value);
  switch (Z_TYPE_P(value)) {
    case IS_NULL:
      out += "null";
      return IS_UNDEF;
    case IS_FALSE:
      out += "false";
      return IS_UNDEF;
    case IS_TRUE:
      out += "true";
      return IS_UNDEF;
    case IS_LONG:
      out += std::to_string(Z_LVAL_P(value));
      return IS_UNDEF;
    case IS_DOUBLE:
      append_number(out, Z_DVAL_P(value));
      return IS_UNDEF;
    case IS_STRING:
      base::append_json_string(out, {Z_STRVAL_P(value), Z_STRLEN_P(value)});
      return IS_UNDEF;
    case IS_ARRAY: {
      // One that holds itself ends here, too.
      if (depth >= kDeepestContext) return IS_ARRAY;
      Keys keys = zend_array_is_list(Z_ARRVAL_P(value)) ? Keys::kNone : Keys::kAll;
      return append_elements(out, Z_ARRVAL_P(value), keys, depth + 1);
    }
    default:
      return Z_TYPE_P(value);
  }
}

// Nothing here calls PHP.
void send_record(Level level, std::string_view text, std::string_view attributes) {
  RequestState* state = current_state;
  if (state != nullptr && state->can_log()) {
    return state->channel->record(
        channel::encode_record({.level = level, .text = text, .attributes = attributes}));
  }
  std::string line = std::string(text) + " " + std::string(attributes) + "\n";
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

PHP_FUNCTION(frankenphp_log) {
  char* message;
  size_t message_size;
  zend_long level = kSlogInfo;
  zval* context = nullptr;
  ZEND_PARSE_PARAMETERS_START(1, 3)
  Z_PARAM_STRING(message, message_size)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG(level)
  Z_PARAM_ARRAY(context)
  ZEND_PARSE_PARAMETERS_END();

  // Kept from call to call, so that a longjmp finds no destructor here.
  thread_local std::string attributes;
  attributes.clear();
  zend_uchar unsupported = IS_UNDEF;
  if (context == nullptr) {
    attributes = "{}";
  } else {
    unsupported = append_elements(attributes, Z_ARRVAL_P(context), Keys::kAll, 0);
  }
  if (unsupported != IS_UNDEF) {
    zend_throw_exception_ex(spl_ce_RuntimeException, 0,
                            "Failed to log message: converting attrs: unsupported zval type %d",
                            static_cast<int>(unsupported));
    RETURN_THROWS();
  }
  send_record(level_of(level), {message, message_size}, attributes);
}

void register_log_levels(int module_number) {
  struct {
    const char* name;
    zend_long value;
  } const levels[] = {{"FRANKENPHP_LOG_LEVEL_DEBUG", kSlogDebug},
                      {"FRANKENPHP_LOG_LEVEL_INFO", kSlogInfo},
                      {"FRANKENPHP_LOG_LEVEL_WARN", kSlogWarn},
                      {"FRANKENPHP_LOG_LEVEL_ERROR", kSlogError}};
  for (const auto& level : levels) {
    zend_register_long_constant(level.name, strlen(level.name), level.value,
                                CONST_CS | CONST_PERSISTENT, module_number);
  }
}

}  // namespace howdah::php
