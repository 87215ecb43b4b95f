#include "serve/live_reload.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "http/chars.h"

namespace howdah::serve {
namespace {

// A page knows the version that it was made at and hears of each later one, so that nothing is
// missed between the two. Hidden pages let go of their connection: a browser has six for a server.
constexpr std::string_view kScript = R"((() => {
  if (window.howdahReload) return;
  window.howdahReload = true;
  const path = '/.howdah/reload';
  let version = document.currentScript.dataset.version, events = null;

  const reload = (now) => {
    if (now === version) return;
    version = now;
    // A copy that some cache hands out must not be loaded for ever.
    if (sessionStorage.getItem(path) === now) return;
    sessionStorage.setItem(path, now);
    location.reload();
  };
  const restyle = (now) => {
    version = now;
    for (const link of document.querySelectorAll('link[rel~="stylesheet"][href]')) {
      const url = new URL(link.href);
      if (url.origin !== location.origin) continue;
      url.searchParams.set('howdah', now);
      const fresh = link.cloneNode();
      fresh.href = url.href;
      fresh.onload = fresh.onerror = () => link.remove();
      link.after(fresh);
    }
  };
  const listen = () => {
    if (events || document.hidden) return;
    const stream = events = new EventSource(path);
    stream.addEventListener('page', (event) => reload(event.data));
    stream.addEventListener('styles', (event) => restyle(event.data));
    // Some browsers do not try again by themselves while the server is away.
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED || events !== stream) return;
      events = null;
      setTimeout(listen, 1000);
    };
  };
  const leave = () => {
    if (events) events.close();
    events = null;
  };
  document.addEventListener('visibilitychange', () => document.hidden ? leave() : listen());
  addEventListener('pagehide', leave);
  addEventListener('pageshow', listen);
  listen();
})();
)";

// How soon a browser tries again when the stream has ended, in milliseconds.
constexpr int kRetryMs = 500;

constexpr std::string_view kHtml = "text/html";
constexpr std::string_view kNonce = "'nonce-";
constexpr std::string_view kAboutCaching[] = {"cache-control", "pragma",        "expires",
                                              "etag",          "last-modified", "age"};
constexpr std::string_view kNotOfWholeAnswers[] = {
    "accept-encoding",   "range",    "if-range",           "if-none-match",
    "if-modified-since", "if-match", "if-unmodified-since"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view one) { return http::iequals(name, one); });
}

bool begins_with(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         http::iequals(text.substr(0, beginning.size()), beginning);
}

// Without the quotes: as it may stand in an attribute. Empty = none, or not one.
std::string_view nonce_of(std::string_view policy) {
  size_t at = policy.find(kNonce);
  if (at == std::string_view::npos) return {};
  policy.remove_prefix(at + kNonce.size());
  std::string_view nonce = policy.substr(0, policy.find('\''));
  bool base64 = std::ranges::all_of(nonce, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '-' || c == '_' || c == '=';
  });
  return base64 ? nonce : std::string_view();
}

}  // namespace

std::string SiteVersion::text() const {
  return fmt::format("{:x}-{}", run_, changes_.load(std::memory_order_relaxed));
}

bool is_navigation(const http::RequestHead& head) {
  if (const http::Field* wanted = head.find("sec-fetch-dest")) return wanted->value == "document";
  // A browser that does not say, or something else, such as curl.
  const http::Field* accept = head.find("accept");
  bool html = accept != nullptr && accept->value.find(kHtml) != std::string_view::npos;
  return html && head.find("x-requested-with") == nullptr;
}

void ask_for_whole_answer(http::RequestHead& head) {
  std::erase_if(head.fields,
                [](const http::Field& field) { return is_one_of(field.name, kNotOfWholeAnswers); });
}

bool takes_reload_tag(const AnswerHead& head, std::string_view content_type) {
  bool whole = head.status() >= 200 && head.status() != 204 && head.status() != 205 &&
               head.status() != 206 && (head.status() < 300 || head.status() >= 400);
  if (!whole || !begins_with(content_type, kHtml)) return false;
  std::string_view rest = content_type.substr(kHtml.size());
  if (!rest.empty() && rest[0] != ';' && rest[0] != ' ') return false;
  bool as_it_is = true;
  head.for_each([&](std::string_view name, std::string_view value) {
    bool coded = http::iequals(name, "content-encoding") && !http::iequals(value, "identity");
    bool saved = http::iequals(name, "content-disposition") && begins_with(value, "attachment");
    if (coded || saved) as_it_is = false;
  });
  return as_it_is;
}

void append_reload_tag(std::string& out, std::string_view version, const AnswerHead& head) {
  std::string_view nonce;
  head.for_each([&](std::string_view name, std::string_view value) {
    if (nonce.empty() && http::iequals(name, "content-security-policy")) nonce = nonce_of(value);
  });
  fmt::format_to(std::back_inserter(out), "\n<script src=\"{}\" data-version=\"{}\"",
                 kReloadScriptPath, version);
  if (!nonce.empty()) out.append(" nonce=\"").append(nonce).append("\"");
  out.append(" async></script>\n");
}

bool is_about_caching(std::string_view field) { return is_one_of(field, kAboutCaching); }

std::string_view reload_script() { return kScript; }

void append_reload_event(std::string& out, BrowserNews news, std::string_view version) {
  fmt::format_to(std::back_inserter(out), "retry: {}\nevent: {}\ndata: {}\n\n", kRetryMs,
                 news == BrowserNews::kStyles ? "styles" : "page", version);
}

}  // namespace howdah::serve
