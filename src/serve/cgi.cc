#include "serve/cgi.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "http/chars.h"
#include "http/host.h"

namespace howdah::serve {
namespace {

using channel::Var;

// What a Host without a name stands for on a unix socket, which has no address to name.
constexpr std::string_view kUnixServerName = "localhost";

std::string_view default_port(std::string_view scheme) { return scheme == "https" ? "443" : "80"; }

// As nginx has it in SERVER_ADDR.
std::string print_unix(const sockaddr_storage& storage, socklen_t size) {
  auto& name = reinterpret_cast<const sockaddr_un&>(storage);
  size_t room = size - std::min<size_t>(size, offsetof(sockaddr_un, sun_path));
  return std::string(kUnixClient).append(name.sun_path, ::strnlen(name.sun_path, room));
}

struct Number {
  explicit Number(uint64_t value)
      : size(static_cast<size_t>(std::to_chars(text, text + sizeof text, value).ptr - text)) {}
  std::string_view view() const { return {text, size}; }
  char text[20];
  size_t size;
};

void add_script(const CgiRequest& request, channel::RequestEncoder& encoder, std::string& scratch) {
  const Route& route = request.route;
  encoder.add(Var::kScriptName, route.file);
  encoder.add(Var::kDocumentRoot, request.document_root);
  if (request.worker_script.empty()) {
    scratch.assign(request.document_root).append(route.file);
    encoder.add(Var::kScriptFilename, scratch);
  } else {
    encoder.add(Var::kScriptFilename, request.worker_script);
  }
  if (route.path_info.empty()) {
    encoder.add(Var::kDocumentUri, route.file);
    encoder.add(Var::kPhpSelf, route.file);
    return;
  }
  encoder.add(Var::kPathInfo, route.path_info);
  scratch.assign(request.document_root).append(route.path_info);
  encoder.add(Var::kPathTranslated, scratch);
  scratch.assign(route.file).append(route.path_info);
  encoder.add(Var::kDocumentUri, scratch);
  encoder.add(Var::kPhpSelf, scratch);
}

void add_ends(const CgiRequest& request, channel::RequestEncoder& encoder) {
  const ConnectionAddresses& ends = request.addresses;
  const Origin& origin = request.origin;
  std::string_view scheme = origin.scheme;
  encoder.add(Var::kRequestScheme, scheme);
  if (scheme == "https") encoder.add(Var::kHttps, "on");
  if (!ends.tls.empty()) encoder.add(Var::kSslProtocol, ends.tls);
  encoder.add(Var::kServerAddr, ends.server_ip);
  encoder.add(Var::kRemoteAddr, origin.client_ip);
  if (!origin.client_port.empty()) encoder.add(Var::kRemotePort, origin.client_port);
  auto host = http::parse_host(request.head.host);
  if (host) {
    encoder.add(Var::kServerName, host->name);
    encoder.add(Var::kServerPort, host->port ? Number(*host->port).view() : default_port(scheme));
  } else if (ends.server_port.empty()) {
    encoder.add(Var::kServerName, kUnixServerName);
    encoder.add(Var::kServerPort, default_port(scheme));
  } else {
    encoder.add(Var::kServerName, ends.server_ip);
    encoder.add(Var::kServerPort, ends.server_port);
  }
}

void add_identity(const CgiRequest& request, channel::RequestEncoder& encoder) {
  encoder.add(Var::kTraceId, request.trace.trace());
  encoder.add(Var::kSpanId, request.trace.span());
  if (request.trace.has_parent) encoder.add(Var::kParentSpanId, request.trace.parent_span());
  encoder.add(Var::kTokioRequestId, request.request_id);
  encoder.add(Var::kHttpTraceparent, request.traceparent);
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// Header names that must not become variables. As nginx has it, letters, digits and hyphens pass:
// "A_B", "A.B" and "A-B" could become one variable. `Proxy` would be HTTP_PROXY, which programs
// take for configuration (httpoxy), and the transfer coding is undone: the body has a
// CONTENT_LENGTH instead.
bool passes(std::string_view name) {
  return std::ranges::all_of(name, is_plain) && !http::iequals(name, "proxy") &&
         !http::iequals(name, "transfer-encoding");
}

void add_headers(const CgiRequest& request, channel::RequestEncoder& encoder) {
  const http::RequestHead& head = request.head;
  if (!head.host.empty()) encoder.add_header("host", head.host);
  for (const http::Field& field : head.fields) {
    if (!passes(field.name)) continue;
    Var var = channel::var_of_header(field.name);
    if (var == Var::kHttpHost || var == Var::kHttpTraceparent) continue;
    // It belongs to the caller's trace: of one that begins here it would be a lie (Trace Context
    // 3.3: without a valid traceparent there is no tracestate).
    if (var == Var::kHttpTracestate && !request.trace.has_parent) continue;
    if (var == Var::kHttpContentType) encoder.add(Var::kContentType, field.value);
    encoder.add_header(field.name, field.value);
  }
}

}  // namespace

void print_endpoint(const net::Endpoint& endpoint, std::string& ip, std::string& port) {
  ip = net::IpText(endpoint.ip).view();
  port = std::to_string(endpoint.port);
}

std::optional<ConnectionAddresses> addresses_of(int fd) {
  ConnectionAddresses addresses;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) < 0) return std::nullopt;
  if (auto client = net::endpoint_of(storage)) {
    addresses.client = client->ip;
    print_endpoint(*client, addresses.client_ip, addresses.client_port);
  } else {
    addresses.client_ip = kUnixClient;
  }
  storage = {};
  size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) < 0) return std::nullopt;
  if (auto server = net::endpoint_of(storage)) {
    print_endpoint(*server, addresses.server_ip, addresses.server_port);
  } else {
    addresses.server_ip = print_unix(storage, size);
  }
  return addresses;
}

void encode_cgi(const CgiRequest& request, channel::RequestEncoder& encoder, std::string& scratch) {
  encoder.begin();
  encoder.add(Var::kRequestMethod, request.head.method);
  encoder.add(Var::kRequestUri, request.head.target);
  encoder.add(Var::kQueryString, request.query);
  encoder.add(Var::kServerProtocol, http::name_of(request.head.version));
  add_script(request, encoder, scratch);
  add_ends(request, encoder);
  if (request.has_body) encoder.add(Var::kContentLength, Number(request.body_size).view());
  add_identity(request, encoder);
  add_headers(request, encoder);
}

}  // namespace howdah::serve
