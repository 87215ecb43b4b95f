#include "http/validators.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "http/chars.h"

namespace howdah::http {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

// Reads a fixed form from the front; the first mismatch makes all that follows fail.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  void literal(std::string_view expected) {
    if (rest_.starts_with(expected)) {
      rest_.remove_prefix(expected.size());
    } else {
      failed_ = true;
    }
  }
  int digits(size_t count) {
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // The index of the name at the front.
  template <size_t kSize>
  int one_of(const std::array<std::string_view, kSize>& names) {
    for (size_t i = 0; i < kSize; ++i) {
      if (!rest_.starts_with(names[i])) continue;
      rest_.remove_prefix(names[i].size());
      return static_cast<int>(i);
    }
    failed_ = true;
    return 0;
  }
  // " 6" or "16", of asctime.
  int padded_day() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  int time_of_day() {
    int hours = digits(2);
    literal(":");
    int minutes = digits(2);
    literal(":");
    int seconds = digits(2);
    // 60 is a leap second.
    if (hours > 23 || minutes > 59 || seconds > 60) failed_ = true;
    return hours * 3600 + minutes * 60 + seconds;
  }
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::optional<int64_t> to_unix(int year, int month, int day, int seconds) {
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month + 1)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * int64_t{86400} + seconds;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<int64_t> parse_imf_fixdate(std::string_view text) {
  DateReader reader(text);
  reader.one_of(kDays);
  reader.literal(", ");
  int day = reader.digits(2);
  reader.literal(" ");
  int month = reader.one_of(kMonths);
  reader.literal(" ");
  int year = reader.digits(4);
  reader.literal(" ");
  int time = reader.time_of_day();
  reader.literal(" GMT");
  return reader.done() ? to_unix(year, month, day, time) : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<int64_t> parse_rfc850(std::string_view text) {
  DateReader reader(text);
  reader.one_of(kLongDays);
  reader.literal(", ");
  int day = reader.digits(2);
  reader.literal("-");
  int month = reader.one_of(kMonths);
  reader.literal("-");
  int year = reader.digits(2);
  reader.literal(" ");
  int time = reader.time_of_day();
  reader.literal(" GMT");
  return reader.done() ? to_unix(year + (year < 70 ? 2000 : 1900), month, day, time) : std::nullopt;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<int64_t> parse_asctime(std::string_view text) {
  DateReader reader(text);
  reader.one_of(kDays);
  reader.literal(" ");
  int month = reader.one_of(kMonths);
  reader.literal(" ");
  int day = reader.padded_day();
  reader.literal(" ");
  int time = reader.time_of_day();
  reader.literal(" ");
  int year = reader.digits(4);
  return reader.done() ? to_unix(year, month, day, time) : std::nullopt;
}

enum class Comparison : uint8_t {
  kStrong,  // weak tags equal nothing
  kWeak,    // the W/ in front does not count
};

// Whether the list of entity tags `list` holds `etag`, which is strong. A list that is not well
// formed holds what comes before its fault.
bool list_holds(std::string_view list, std::string_view etag, Comparison comparison) {
  for (;;) {
    list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
    bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    if (!list.starts_with('"')) return false;
    size_t close = list.find('"', 1);
    if (close == std::string_view::npos) return false;
    bool comparable = !weak || comparison == Comparison::kWeak;
    if (comparable && list.substr(0, close + 1) == etag) return true;
    list.remove_prefix(close + 1);
  }
}

// Over all fields of that name, since a list may come in several.
struct TagCondition {
  bool present = false;
  bool holds = false;

  TagCondition(const RequestHead& head, std::string_view name, std::string_view etag,
               Comparison comparison) {
    for (const Field& field : head.fields) {
      if (!iequals(field.name, name)) continue;
      present = true;
      holds = holds || field.value == "*" || list_holds(field.value, etag, comparison);
    }
  }
};

// A date that cannot be read is no condition.
std::optional<int64_t> date_condition(const RequestHead& head, std::string_view name) {
  const Field* field = head.find(name);
  return field ? parse_http_date(field->value) : std::nullopt;
}

}  // namespace

void append_etag(std::string& out, uint64_t size, int64_t mtime_seconds) {
  auto append_hex = [&](uint64_t value) {
    char digits[16];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value, 16).ptr);
  };
  out.push_back('"');
  append_hex(size);
  out.push_back('-');
  append_hex(static_cast<uint64_t>(mtime_seconds));
  out.push_back('"');
}

std::optional<int64_t> parse_http_date(std::string_view text) {
  if (auto seconds = parse_imf_fixdate(text)) return seconds;
  if (auto seconds = parse_rfc850(text)) return seconds;
  return parse_asctime(text);
}

Precondition evaluate_preconditions(const RequestHead& head, const Validators& validators) {
  bool reads = head.method == "GET" || head.method == "HEAD";
  TagCondition match(head, "If-Match", validators.etag, Comparison::kStrong);
  if (match.present) {
    if (!match.holds) return Precondition::kFailed;
  } else if (auto date = date_condition(head, "If-Unmodified-Since")) {
    if (validators.last_modified > *date) return Precondition::kFailed;
  }
  TagCondition none_match(head, "If-None-Match", validators.etag, Comparison::kWeak);
  if (none_match.present) {
    if (!none_match.holds) return Precondition::kProceed;
    return reads ? Precondition::kNotModified : Precondition::kFailed;
  }
  if (reads) {
    auto date = date_condition(head, "If-Modified-Since");
    if (date && validators.last_modified <= *date) return Precondition::kNotModified;
  }
  return Precondition::kProceed;
}

}  // namespace howdah::http
