// Errors without a body of their own: the fields that belong to them, and the page or the line of
// text that says what happened.

#include "http/accept.h"
#include "http/accept_encoding.h"
#include "http/chars.h"
#include "http/ranges.h"
#include "serve/error_answer.h"
#include "serve/exchange.h"

namespace howdah::serve {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";

// What a script said of the body that it did not make: not true of the one that takes its place.
bool is_about_body(std::string_view name, std::string_view value) {
  if (http::iequals(name, "vary")) return http::iequals(value, "accept-encoding");
  return http::iequals(name, "content-encoding") || http::iequals(name, "content-language") ||
         http::iequals(name, "content-disposition");
}

}  // namespace

void Exchange::send_error(int status, const char* why) {
  begin_head(status);
  error_ = why;
  if (status == 405) {
    bool file = route_.kind == RouteKind::kFile || route_.kind == RouteKind::kFallback;
    bool routed = !target_.raw_path.empty();
    answer_.add("Allow", routed && file ? kFileMethods : kPhpMethods);
  }
  if (status == 503) {
    answer_.add("Retry-After", "1");
    dropped_ = true;
  }
  if (status == 416) {
    scratch_.clear();
    http::append_unsatisfied_range(scratch_, file_size_);
    answer_.add("Content-Range", scratch_);
  }
  if (status == 429) answer_.add("Retry-After", std::to_string(admission_.reset_seconds));
  send_error_body(status);
}

// A script's own error, whose head is complete but for what the body has.
void Exchange::send_empty_error(int status) {
  std::swap(answer_, script_head_);
  answer_.clear(status);
  script_head_.for_each([&](std::string_view name, std::string_view value) {
    if (!is_about_body(name, value)) answer_.add(name, value);
  });
  send_error_body(status);
}

void Exchange::send_error_body(int status) {
  const ErrorPages::Page* page = site_->site->error_pages.find(status);
  if (page != nullptr) answer_.add("Vary", page->encoded() ? "Accept, Accept-Encoding" : "Accept");
  // Without a head the request could not be read, and so neither what its client takes.
  bool html = head_ != nullptr && http::accepts_by_name(*head_, "text/html");
  if (!html) page = nullptr;
  if (send_error_with_tag(status, page)) return;
  if (page == nullptr) return send_text(kPlainText, error_text(status));
  base::ContentCoding coding = http::negotiate_coding(*head_, options().compression).coding;
  std::string_view body = page->body(coding);
  if (coding != base::ContentCoding::kIdentity && !body.empty()) {
    answer_.add("Content-Encoding", base::name_of(coding));
  } else {
    body = page->body(base::ContentCoding::kIdentity);
  }
  send_text(kHtml, body);
}

// `--watch`: the browser hears when there is something better.
bool Exchange::send_error_with_tag(int status, const ErrorPages::Page* page) {
  content_type_ = kHtml;
  if (!make_tag_for_page()) return false;
  if (page != nullptr) {
    scratch_ = page->body(base::ContentCoding::kIdentity);
  } else {
    scratch_.assign("<!DOCTYPE html>\n<pre>").append(error_text(status)).append("</pre>");
  }
  scratch_ += tag_;
  send_text(content_type_, scratch_);
  return true;
}

}  // namespace howdah::serve
