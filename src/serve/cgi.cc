#include "serve/cgi.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>

#include "http/chars.h"
#include "http/host.h"

namespace howdah::serve {
namespace {

using channel::Var;

std::string_view default_port(const ConnectionAddresses& ends) {
  return ends.tls.empty() ? "80" : "443";
}

void print_address(const sockaddr_storage& storage, std::string& ip, std::string& port) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    auto& four = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    port = std::to_string(ntohs(four.sin_port));
  } else if (storage.ss_family == AF_INET6) {
    auto& six = reinterpret_cast<const sockaddr_in6&>(storage);
    port = std::to_string(ntohs(six.sin6_port));
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
      // A client of a socket for both families is who it is, not a notation.
      ::inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    }
  } else {
    ip = "unix:";
    return;
  }
  ip = text;
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
  scratch.assign(request.document_root).append(route.file);
  encoder.add(Var::kScriptFilename, scratch);
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
  encoder.add(Var::kRequestScheme, ends.tls.empty() ? "http" : "https");
  if (!ends.tls.empty()) {
    encoder.add(Var::kHttps, "on");
    encoder.add(Var::kSslProtocol, ends.tls);
  }
  encoder.add(Var::kServerAddr, ends.server_ip);
  encoder.add(Var::kRemoteAddr, ends.client_ip);
  if (!ends.client_port.empty()) encoder.add(Var::kRemotePort, ends.client_port);
  auto host = http::parse_host(request.head.host);
  if (!host) {
    encoder.add(Var::kServerName, ends.server_ip);
    encoder.add(Var::kServerPort, ends.server_port.empty() ? default_port(ends) : ends.server_port);
    return;
  }
  encoder.add(Var::kServerName, host->name);
  encoder.add(Var::kServerPort, host->port ? Number(*host->port).view() : default_port(ends));
}

void add_identity(const CgiRequest& request, channel::RequestEncoder& encoder) {
  encoder.add(Var::kTraceId, request.trace.trace());
  encoder.add(Var::kSpanId, request.trace.span());
  if (request.trace.has_parent) encoder.add(Var::kParentSpanId, request.trace.parent_span());
  encoder.add(Var::kTokioRequestId, request.request_id);
  encoder.add(Var::kHttpTraceparent, request.traceparent);
}

// Header names that must not become variables: "A_B" and "A-B" would be one variable, `Proxy` would
// be HTTP_PROXY, which programs take for configuration (httpoxy), and the transfer coding is
// undone: the body has a CONTENT_LENGTH instead.
bool passes(std::string_view name) {
  return name.find('_') == std::string_view::npos && !http::iequals(name, "proxy") &&
         !http::iequals(name, "transfer-encoding");
}

void add_headers(const CgiRequest& request, channel::RequestEncoder& encoder) {
  const http::RequestHead& head = request.head;
  if (!head.host.empty()) encoder.add_header("host", head.host);
  for (const http::Field& field : head.fields) {
    if (!passes(field.name)) continue;
    Var var = channel::var_of_header(field.name);
    if (var == Var::kHttpHost || var == Var::kHttpTraceparent) continue;
    if (var == Var::kHttpContentType) encoder.add(Var::kContentType, field.value);
    encoder.add_header(field.name, field.value);
  }
}

}  // namespace

ConnectionAddresses addresses_of(int fd) {
  ConnectionAddresses addresses;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    print_address(storage, addresses.client_ip, addresses.client_port);
  }
  storage = {};
  size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    print_address(storage, addresses.server_ip, addresses.server_port);
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
