// What an exchange does for `howdah serve DIR --watch`: pages with a tag, and what the tag asks
// for.

#include <unistd.h>

#include <algorithm>

#include "http/chars.h"
#include "serve/exchange.h"
#include "serve/limits.h"
#include "serve/live_reload.h"

namespace howdah::serve {
namespace {

constexpr std::string_view kNoStore = "no-store";

}  // namespace

// Before anything is decided about the request.
void Exchange::look_for_navigation() {
  navigation_ = options().live_reload && is_navigation(*head_);
  if (!navigation_) return;
  ask_for_whole_answer(*head_);
  // What changes from now on may not be in the answer.
  page_version_ = services_.shared.version.text();
}

// Whether the path is one of the reserved ones; then `plan` is what to do.
bool Exchange::plan_reload(Plan& plan) {
  if (!options().live_reload) return false;
  bool script = path_ == kReloadScriptPath;
  if (!script && path_ != kReloadEventsPath) return false;
  plan = script ? Plan::kReloadScript : Plan::kReloadEvents;
  bool readable = head_->method == "GET" || head_->method == "HEAD";
  if (!readable) plan = plan_error(405, "");
  return true;
}

void Exchange::send_reload_script() {
  begin_head(200);
  answer_.add("Cache-Control", "no-cache");
  send_text("text/javascript; charset=utf-8", reload_script());
}

// The version of now is the first event: a page that is older is loaded anew.
void Exchange::begin_telling() {
  begin_head(200);
  answer_.add("Content-Type", "text/event-stream");
  answer_.add("Cache-Control", kNoStore);
  add_configured();
  scratch_.clear();
  append_reload_event(scratch_, BrowserNews::kPage, services_.shared.version.text());
  std::string_view text = scratch_;
  bool over = services_.draining || head_->method == "HEAD";
  state_ = over ? State::kAnswered : State::kTelling;
  if (!over) services_.listening_browsers.push_back(this);
  stream_->start(answer_, std::nullopt, {{&text, 1}, text.size()}, over ? Last::kYes : Last::kNo);
}

void Exchange::tell_browser(std::string_view event) {
  stream_->write({{&event, 1}, event.size()}, Last::kNo);
}

void Exchange::end_telling() {
  state_ = State::kAnswered;
  stream_->write({}, Last::kYes);
}

void Exchange::stop_telling() {
  if (plan_ == Plan::kReloadEvents) std::erase(services_.listening_browsers, this);
}

// Puts the tag into tag_, and its consequences into the head, when the answer is to have one. The
// head holds all but Content-Type.
bool Exchange::make_tag_for_page() {
  tag_.clear();
  if (!navigation_ || !takes_reload_tag(answer_, content_type_)) return false;
  append_reload_tag(tag_, page_version_, answer_);
  std::swap(answer_, script_head_);
  answer_.clear(script_head_.status());
  script_head_.for_each([&](std::string_view name, std::string_view value) {
    if (!is_about_caching(name)) answer_.add(name, value);
  });
  answer_.add("Cache-Control", kNoStore);
  return true;
}

// A static page with the tag. False when it is none, or too large to be read at once.
bool Exchange::send_page_with_tag(const FileCache::Found& found) {
  const StaticFile& file = *found.file;
  if (!navigation_ || named_by_ != NamedBy::kNobody || file.identity.size > kMostOfTaggedFile) {
    return false;
  }
  begin_head(200);
  content_type_.assign(file_type(file));
  if (!make_tag_for_page()) return false;
  std::string_view text = file.content;
  if (found.fd) {
    char* memory = held_.prepare(file.identity.size).data();
    ssize_t got =
        base::retry_eintr([&] { return ::pread(found.fd.get(), memory, file.identity.size, 0); });
    if (got < 0) return false;
    text = {memory, static_cast<size_t>(got)};
  }
  answer_.add("Content-Type", content_type_);
  add_configured();
  pieces_.assign({text, std::string_view(tag_)});
  state_ = State::kAnswered;
  const size_t size = text.size() + tag_.size();
  stream_->start(answer_, size, {pieces_, size}, Last::kYes);
  return true;
}

}  // namespace howdah::serve
