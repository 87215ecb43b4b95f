// Static files as answers of an exchange.

#include <sys/stat.h>
#include <unistd.h>

#include "http/content_type.h"
#include "http/validators.h"
#include "serve/exchange.h"
#include "serve/limits.h"

namespace howdah::serve {

void Exchange::send_file() {
  auto file = services_.shared.files.open_file(route_.file);
  if (!file) {
    int reason = file.error().sys_errno;
    if (reason == EMFILE || reason == ENFILE) return send_error(503, "out of descriptors");
    return reason == EACCES || reason == EPERM ? send_error(403, "file may not be read")
                                               : send_error(404, "file went away");
  }
  struct stat info;
  if (::fstat(file->get(), &info) < 0 || !S_ISREG(info.st_mode)) {
    return send_error(404, "not a regular file");
  }
  send_open_file(std::move(*file), static_cast<uint64_t>(info.st_size),
                 info.st_mtim.tv_sec * base::kSecond + info.st_mtim.tv_nsec);
}

void Exchange::send_open_file(base::UniqueFd file, uint64_t size, base::Nanos modified_at) {
  int64_t modified = modified_at / base::kSecond;
  FileCoding coding = look_for_encoded(size, modified_at);
  std::string& etag = scratch_;
  etag.clear();
  http::append_etag(etag, size, modified);
  append_coding(etag, coding.coding);
  auto met = http::evaluate_preconditions(*head_, {.etag = etag, .last_modified = modified});
  if (met == http::Precondition::kFailed) return send_error(412, "");

  bool unchanged = met == http::Precondition::kNotModified;
  if (!unchanged && coding.coding != base::ContentCoding::kIdentity && !coding.body) {
    if (wait_for_encoded(file)) return;
    etag.clear();
    http::append_etag(etag, size, modified);
    coding.coding = base::ContentCoding::kIdentity;
  }
  begin_head(unchanged ? 304 : 200);
  answer_.add("ETag", etag);
  scratch_.clear();
  base::append_http_date(scratch_, modified);
  answer_.add("Last-Modified", scratch_);
  if (route_.kind == RouteKind::kFallback) {
    answer_.add("Cache-Control", "no-cache");
  } else if (options().static_cache_ttl) {
    scratch_.assign("public, max-age=");
    scratch_ += std::to_string(*options().static_cache_ttl / base::kSecond);
    answer_.add("Cache-Control", scratch_);
  }
  if (coding.varies) answer_.add("Vary", "Accept-Encoding");
  if (!unchanged && coding.body) answer_.add("Content-Encoding", base::name_of(coding.coding));
  state_ = State::kAnswered;
  if (!unchanged) answer_.add("Content-Type", http::content_type_of(route_.file));
  add_configured();
  if (unchanged) return stream_->start(answer_, 0, {}, Last::kYes);

  if (coding.body) {
    std::string_view body = *coding.body;
    return stream_->start(answer_, body.size(), {{&body, 1}, body.size()}, Last::kYes);
  }
  if (head_->method == "HEAD") return stream_->start(answer_, size, {}, Last::kYes);
  if (size > kSmallFileBytes) return stream_->start_file(answer_, std::move(file), size);
  char* memory = held_.prepare(kSmallFileBytes).data();
  ssize_t got = base::retry_eintr([&] { return ::pread(file.get(), memory, kSmallFileBytes, 0); });
  // A file that changes under us gets the length it has now.
  if (got < 0) return send_error(500, "file could not be read");
  std::string_view text(memory, static_cast<size_t>(got));
  stream_->start(answer_, text.size(), {{&text, 1}, text.size()}, Last::kYes);
}

}  // namespace howdah::serve
