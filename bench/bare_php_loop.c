// PHP's request cycle with no server around it: startup, script, shutdown, output thrown away. Its
// CPU time per request is PHP's half of the limit that ./dev bench sets beside Howdah.
//
//   bare_php_loop PHP_INI SCRIPT COUNT [WARM_UP]      prints {"requests": N, "cpu_us": per request}
//
// $_SERVER holds what a web server would put there for the request that wrk sends. The SAPI is
// called fpm-fcgi because OPcache works only under the names that it knows.
#include <SAPI.h>
#include <php.h>
#include <php_main.h>
#include <php_variables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef ZEND_SIGNALS
#include <zend_signal.h>
#endif

static const char* script;
static size_t written;

static size_t ub_write(const char* bytes, size_t length) {
  (void)bytes;
  written += length;
  return length;
}

static void flush(void* context) { (void)context; }

static int send_headers(sapi_headers_struct* headers) {
  (void)headers;
  return SAPI_HEADER_SENT_SUCCESSFULLY;
}

static char* read_cookies(void) { return NULL; }

static size_t read_post(char* buffer, size_t length) {
  (void)buffer, (void)length;
  return 0;
}

static void add(zval* array, const char* name, const char* value) {
  zval entry;
  ZVAL_STRING(&entry, value);
  zend_hash_str_update(Z_ARRVAL_P(array), name, strlen(name), &entry);
}

static void register_server_variables(zval* array) {
  static const char* const kPairs[][2] = {
      {"GATEWAY_INTERFACE", "CGI/1.1"},
      {"SERVER_PROTOCOL", "HTTP/1.1"},
      {"SERVER_SOFTWARE", "bare"},
      {"SERVER_ADDR", "127.0.0.1"},
      {"SERVER_NAME", "127.0.0.1"},
      {"SERVER_PORT", "8080"},
      {"REMOTE_ADDR", "127.0.0.1"},
      {"REMOTE_PORT", "40000"},
      {"REQUEST_METHOD", "GET"},
      {"REQUEST_SCHEME", "http"},
      {"REQUEST_URI", "/dump.php?a=1&b%5Bc%5D=2"},
      {"SCRIPT_NAME", "/dump.php"},
      {"DOCUMENT_URI", "/dump.php"},
      {"DOCUMENT_ROOT", "/var/www/html"},
      {"QUERY_STRING", "a=1&b%5Bc%5D=2"},
      {"HTTP_HOST", "127.0.0.1:8080"},
      {"HTTP_COOKIE", "theme=dark; id=42"},
      {"HTTP_TRACEPARENT", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"},
      {"TRACE_ID", "0123456789abcdef0123456789abcdef"},
      {"SPAN_ID", "0123456789abcdef"},
      {"TOKIO_REQUEST_ID", "0123456789ab-0123"},
      {"TOKIO_WORKER_ID", "0"},
      {"TOKIO_SERVER_BUILD_VERSION", "0.1.0"},
  };
  for (size_t i = 0; i < sizeof kPairs / sizeof kPairs[0]; ++i) {
    add(array, kPairs[i][0], kPairs[i][1]);
  }
  add(array, "SCRIPT_FILENAME", script);
  add(array, "PHP_SELF", "/dump.php");
}

static void log_message(const char* message, int type) {
  (void)type;
  fprintf(stderr, "%s\n", message);
}

static int startup(sapi_module_struct* module) {
#if PHP_VERSION_ID >= 80200
  return php_module_startup(module, NULL);
#else
  return php_module_startup(module, NULL, 0);
#endif
}

static sapi_module_struct module = {
    .name = "fpm-fcgi",
    .pretty_name = "bare loop",
    .startup = startup,
    .shutdown = php_module_shutdown_wrapper,
    .ub_write = ub_write,
    .flush = flush,
    .sapi_error = php_error,
    .send_headers = send_headers,
    .read_post = read_post,
    .read_cookies = read_cookies,
    .register_server_variables = register_server_variables,
    .log_message = log_message,
    .get_request_time = NULL,
    .terminate_process = NULL,  // the macro goes on after this one
    STANDARD_SAPI_MODULE_PROPERTIES,
};

static int one_request(void) {
  char query[] = "a=1&b%5Bc%5D=2";
  SG(server_context) = (void*)1;
  SG(request_info).request_method = "GET";
  SG(request_info).request_uri = "/dump.php";
  SG(request_info).query_string = query;
  SG(request_info).path_translated = (char*)script;
  SG(request_info).content_length = 0;
  SG(request_info).proto_num = 1001;
  SG(sapi_headers).http_response_code = 200;
  if (php_request_startup() != SUCCESS) return 0;
  zend_file_handle file;
  zend_stream_init_filename(&file, script);
  file.primary_script = 1;
  int ok = php_execute_script(&file);
  zend_destroy_file_handle(&file);
  php_request_shutdown(NULL);
  return ok;
}

static double cpu_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: bare_php_loop PHP_INI SCRIPT COUNT [WARM_UP]\n");
    return 2;
  }
  script = argv[2];
  long count = atol(argv[3]), warm_up = argc > 4 ? atol(argv[4]) : 2000;
  if (count < 1) {
    fprintf(stderr, "bare_php_loop: COUNT must be at least 1\n");
    return 2;
  }
#ifdef ZTS
  php_tsrm_startup();
#endif
#ifdef ZEND_SIGNALS
  zend_signal_startup();
#endif
  module.php_ini_path_override = argv[1];
  sapi_startup(&module);
  if (module.startup(&module) != SUCCESS) return 1;
#ifdef ZEND_SIGNALS
  SIGG(reset) = 0;  // else nine handlers are set again for each request
#endif

  int ok = 1;
  for (long i = 0; i < warm_up && ok; ++i) ok = one_request();
  double before = cpu_us();
  written = 0;
  for (long i = 0; i < count && ok; ++i) ok = one_request();
  double after = cpu_us();
  if (ok) {
    printf("{\"requests\": %ld, \"cpu_us\": %.3f, \"bytes\": %zu}\n", count,
           (after - before) / (double)count, written / (size_t)count);
  }
  module.shutdown(&module);
  sapi_shutdown();
  return ok ? 0 : 1;
}
