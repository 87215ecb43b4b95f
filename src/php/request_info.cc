#include "php/request_info.h"

#include "php/php_api.h"
#include "php/request_state.h"

namespace howdah::php {
namespace {

constexpr const char* kPost = "POST";
constexpr const char* kQuery = "QUERY";

}  // namespace

void set_request_info(RequestState* state) {
  using channel::Var;
  const char* method = state->c_str(Var::kRequestMethod);
  bool query = method != nullptr && strcmp(method, kQuery) == 0;
  const char* content_type = state->c_str(Var::kContentType);
  SG(server_context) = state;
  SG(request_info).request_method = query ? kPost : method;
  SG(request_info).query_string = const_cast<char*>(state->c_str(Var::kQueryString));
  // As PHP-FPM: not the URI.
  SG(request_info).request_uri = const_cast<char*>(state->c_str(Var::kScriptName));
  SG(request_info).path_translated = const_cast<char*>(state->c_str(Var::kScriptFilename));
  SG(request_info).content_type = content_type == nullptr ? "" : content_type;
  SG(request_info).content_length = static_cast<zend_long>(state->request->body_size);
  SG(request_info).proto_num = 1000;
  SG(sapi_headers).http_response_code = 200;
  php_handle_auth_data(state->c_str(Var::kHttpAuthorization));
}

void restore_request_method(RequestState* state) {
  const char* method = state->c_str(channel::Var::kRequestMethod);
  if (method != nullptr) SG(request_info).request_method = method;
}

void clear_request_info() {
  SG(server_context) = nullptr;
  SG(request_info).request_method = nullptr;
  SG(request_info).query_string = nullptr;
  SG(request_info).request_uri = nullptr;
  SG(request_info).path_translated = nullptr;
  SG(request_info).content_type = nullptr;
  SG(request_info).content_length = 0;
  // $_COOKIE is made from it even when there is no request.
  SG(request_info).cookie_data = nullptr;
}

}  // namespace howdah::php
