#include "ops/access_log.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string>

#include "http/message.h"

namespace howdah::ops {
namespace {

constexpr size_t kMostFields = 16;

// Fields on the stack: a line is written for every request.
class Fields {
 public:
  template <class T>
  void add(std::string_view name, T value) {
    fields_[count_++] = {name, value};
  }
  void add_text(std::string_view name, std::string_view text) {
    if (!text.empty()) add(name, text);
  }
  const base::LogField* data() const { return fields_.data(); }
  size_t size() const { return count_; }

 private:
  std::array<base::LogField, kMostFields> fields_;
  size_t count_ = 0;
};

double milliseconds(base::Nanos nanos) {
  // Microseconds are as much as anyone reads.
  return static_cast<double>(nanos / base::kMicrosecond) / 1000.0;
}

}  // namespace

void AccessLog::write(const serve::ExchangeReport& report) const {
  thread_local std::string message;
  message.clear();
  std::string_view method = report.method.empty() ? "-" : report.method;
  std::string_view path = report.path.empty() ? "-" : report.path;
  fmt::format_to(std::back_inserter(message), "{} {} {}", method, path, report.status);

  Fields fields;
  fields.add("method", method);
  fields.add("path", path);
  fields.add_text("query", report.query);
  fields.add("http", http::name_of(report.version));
  fields.add("status", int64_t{report.status});
  fields.add("bytes", report.sent_bytes);
  fields.add("duration_ms", milliseconds(report.duration));
  fields.add("ip", report.client_ip);
  fields.add_text("ua", report.user_agent);
  fields.add_text("referer", report.referer);
  fields.add_text("xff", report.forwarded_for);
  fields.add_text("tls", report.tls);
  if (report.worker >= 0) {
    fields.add("worker", report.worker);
    fields.add("queue_ms", milliseconds(report.queue_time));
    fields.add("php_ms", milliseconds(report.php_time));
  }
  log_.write(base::LogType::kAccess, base::LogLevel::kInfo, message, report.ids, fields.data(),
             fields.size());
}

}  // namespace howdah::ops
