#include "app/config/near_miss.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>
#include <vector>

#include "app/config/values.h"

namespace howdah::app {
namespace {

// Of a shorter name, a letter more is another word.
constexpr size_t kShortestForOneSlip = 6;
constexpr size_t kShortestForTwoSlips = 10;
// Of words that stand for longer ones: ADDR, CERT, NUM, DIR.
constexpr size_t kShortestAbbreviation = 3;
constexpr size_t kFlagSlips = 3;

// Variables of others that look like ours.
constexpr std::string_view kOthers[] = {
    "OTEL_TRACES_SAMPLER",  // OpenTelemetry's own, which says how OTEL_TRACES_SAMPLER_ARG is meant
    "PHP_HOST",             // of a service `php` beside this one
    "PHP_INI_DIR",          // of the official PHP images
    "PHP_MAX",
    "PHP_NAME",
    "SERVER_NAME",  // of FrankenPHP's images
    "WORKER_NAME",
};

// What people write behind a name that is complete without.
constexpr std::string_view kNeedlessEndings[] = {"SECS", "SECONDS", "MS",   "SIZE",  "COUNT", "NUM",
                                                 "FILE", "PATH",    "LIST", "VALUE", "DIR"};

std::string upper(std::string_view name) {
  std::string text;
  for (unsigned char c : name) text += static_cast<char>(std::toupper(c));
  return text;
}

// How many letters were left out, put in, changed, or swapped with the next.
size_t slips_between(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({changed, last[j] + 1, now[j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

using Words = std::vector<std::string>;

bool same_word(const std::string& a, const std::string& b) {
  bool long_enough = std::min(a.size(), b.size()) >= kShortestAbbreviation;
  return a == b || (long_enough && (a.starts_with(b) || b.starts_with(a)));
}

bool same_words(const Words& a, const Words& b) { return std::ranges::equal(a, b, same_word); }

// A name of two words and more, of which one was left out: not the first, which says whose it is.
bool lacks_a_word(const Words& name, const Words& setting) {
  if (name.size() < 2 || setting.size() != name.size() + 1) return false;
  for (size_t i = 1; i < setting.size(); ++i) {
    Words rest = setting;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    if (rest == name) return true;
  }
  return false;
}

bool has_needless_ending(const Words& name, const Words& setting) {
  if (setting.size() < 2 || name.size() != setting.size() + 1) return false;
  bool needless = std::ranges::find(kNeedlessEndings, name.back()) != std::end(kNeedlessEndings);
  return needless && std::equal(setting.begin(), setting.end(), name.begin());
}

size_t allowed_slips(std::string_view name) {
  if (name.size() < kShortestForOneSlip) return 0;
  return name.size() < kShortestForTwoSlips ? 1 : 2;
}

bool is_near(const std::string& name, const Words& words, const Setting& setting) {
  Words own = split_list(setting.name, '_');
  return slips_between(name, setting.name) <= allowed_slips(name) || same_words(words, own) ||
         lacks_a_word(words, own) || has_needless_ending(words, own);
}

}  // namespace

const Setting* near_setting(std::string_view name) {
  std::string text = upper(name);
  if (find_setting(name) != nullptr) return nullptr;
  if (std::ranges::find(kOthers, text) != std::end(kOthers)) return nullptr;
  Words words = split_list(text, '_');
  const Setting* nearest = nullptr;
  for (const Setting& setting : settings()) {
    if (!is_near(text, words, setting)) continue;
    bool nearer = nearest == nullptr ||
                  slips_between(text, setting.name) < slips_between(text, nearest->name);
    if (nearer) nearest = &setting;
  }
  return nearest;
}

std::string near_flag(std::string_view flag) {
  std::string nearest;
  size_t least = kFlagSlips + 1;
  for (const Setting& setting : settings()) {
    std::string candidate = setting.flag();
    size_t slips = slips_between(flag, candidate);
    if (slips >= least) continue;
    least = slips;
    nearest = std::move(candidate);
  }
  return nearest;
}

}  // namespace howdah::app
