#include "serve/origin.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/chars.h"
#include "http/host.h"

namespace howdah::serve {
namespace {

std::string_view first_entry(const http::Field& field) {
  return http::trim_ows(field.value.substr(0, field.value.find(',')));
}

// Takes the last entry off `list`.
std::string_view take_last_entry(std::string_view& list) {
  size_t comma = list.rfind(',');
  std::string_view entry = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
  return http::trim_ows(entry);
}

std::optional<net::Endpoint> find_client(const http::RequestHead& head,
                                         const net::PeerList& trusted) {
  std::optional<net::Endpoint> client;
  // Several fields are one list.
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    if (!http::iequals(field->name, "x-forwarded-for")) continue;
    for (std::string_view list = field->value; !list.empty();) {
      std::string_view entry = take_last_entry(list);
      if (entry.empty()) continue;
      auto node = net::parse_endpoint(entry);
      if (!node) return client;
      client = node;
      if (!trusted.contains(node->ip)) return client;
    }
  }
  return client;
}

std::string_view print_port(uint16_t port, OriginText& text) {
  if (port == 0) return {};
  char* begin = text.client_port;
  auto end = std::to_chars(begin, begin + sizeof text.client_port, port).ptr;
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

void believe_proxy(http::RequestHead& head, const net::PeerList& trusted, Origin& origin,
                   OriginText& text) {
  if (auto client = find_client(head, trusted)) {
    origin.client = client->ip;
    text.client_ip = net::IpText(client->ip);
    origin.client_ip = text.client_ip.view();
    origin.client_port = print_port(client->port, text);
  }
  if (const http::Field* field = head.find("x-forwarded-proto")) {
    std::string_view scheme = first_entry(*field);
    if (http::iequals(scheme, "https")) origin.scheme = "https";
    if (http::iequals(scheme, "http")) origin.scheme = "http";
  }
  if (const http::Field* field = head.find("x-forwarded-host")) {
    std::string_view host = first_entry(*field);
    if (http::parse_host(host)) head.host = host;
  }
}

}  // namespace howdah::serve
