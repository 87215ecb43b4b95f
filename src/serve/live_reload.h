#pragma once

// What browsers learn while a site is being developed (`howdah serve DIR --watch`): pages that they
// navigate to carry a script, which listens to a stream of events and loads the page anew.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"
#include "serve/answer_head.h"

namespace howdah::serve {

// Reserved; a site cannot have them, because dot directories are not served.
inline constexpr std::string_view kReloadScriptPath = "/.howdah/reload.js";
inline constexpr std::string_view kReloadEventsPath = "/.howdah/reload";

enum class BrowserNews : uint8_t {
  kStyles,  // style sheets have changed, and nothing else
  kPage,    // the page has to be loaded anew
};

// How often the site has changed since this front began. One for all loops; thread-safe.
class SiteVersion {
 public:
  // `run` is another one in each front.
  explicit SiteVersion(uint64_t run) : run_(run) {}
  void advance() { changes_.fetch_add(1, std::memory_order_relaxed); }
  // Letters, digits and "-".
  std::string text() const;

 private:
  const uint64_t run_;
  std::atomic<uint64_t> changes_{0};
};

// Whether a browser wants a page for its window, and not a part of one, or data.
bool is_navigation(const http::RequestHead& head);
// Takes away what would make the answer one that no tag can be put on: conditions, ranges, codings.
void ask_for_whole_answer(http::RequestHead& head);

// Whether an answer with this head is a page that may get the tag.
bool takes_reload_tag(const AnswerHead& head, std::string_view content_type);
// Appends the tag. A nonce of the head's Content-Security-Policy is on it.
void append_reload_tag(std::string& out, std::string_view version, const AnswerHead& head);
// Fields that an answer with a tag does not have: the browser must not keep it.
bool is_about_caching(std::string_view field);

std::string_view reload_script();
// One event of the stream.
void append_reload_event(std::string& out, BrowserNews news, std::string_view version);

}  // namespace howdah::serve
