#include "app/watch/path_glob.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace howdah::app {
namespace {

constexpr std::string_view kAnySegments = "**";

bool has_wildcard(std::string_view segment) {
  return segment.find_first_of("*?") != std::string_view::npos;
}

// Segments between slashes; empty ones do not count.
std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) segments.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return segments;
}

// The brace that closes the one at `open`, or npos.
size_t closing_brace(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

// The texts between the commas of a brace's inside.
std::vector<std::string_view> choices_of(std::string_view inside) {
  std::vector<std::string_view> choices;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= inside.size(); ++i) {
    if (i == inside.size() || (inside[i] == ',' && depth == 0)) {
      choices.push_back(inside.substr(begin, i - begin));
      begin = i + 1;
      continue;
    }
    if (inside[i] == '{') ++depth;
    if (inside[i] == '}') --depth;
  }
  return choices;
}

// Appends what the braces of `pattern` stand for. Returns what is wrong.
std::string expand(const std::string& pattern, std::vector<std::string>& expanded) {
  size_t open = pattern.find('{');
  if (open == std::string::npos) {
    if (pattern.find('}') != std::string::npos) return "a } without its {";
    if (expanded.size() == kMostAlternatives) return "its braces stand for too many patterns";
    expanded.push_back(pattern);
    return {};
  }
  size_t close = closing_brace(pattern, open);
  if (close == std::string::npos) return "a { without its }";
  std::string_view inside = std::string_view(pattern).substr(open + 1, close - open - 1);
  for (std::string_view choice : choices_of(inside)) {
    std::string one = pattern.substr(0, open);
    one.append(choice).append(pattern, close + 1);
    std::string wrong = expand(one, expanded);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

// With two marks, as for file names in a shell: linear in most cases, never exponential.
bool matches_segment(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

using Pattern = std::span<const std::string>;
using Path = std::span<const std::string_view>;

bool matches_segments(Pattern pattern, Path path) {
  if (pattern.empty()) return path.empty();
  if (pattern[0] == kAnySegments) {
    for (size_t skipped = 0; skipped <= path.size(); ++skipped) {
      if (matches_segments(pattern.subspan(1), path.subspan(skipped))) return true;
    }
    return false;
  }
  return !path.empty() && matches_segment(pattern[0], path[0]) &&
         matches_segments(pattern.subspan(1), path.subspan(1));
}

bool reaches_segments(Pattern pattern, Path directory) {
  if (pattern.empty()) return false;
  if (directory.empty() || pattern[0] == kAnySegments) return true;
  return matches_segment(pattern[0], directory[0]) &&
         reaches_segments(pattern.subspan(1), directory.subspan(1));
}

}  // namespace

std::vector<std::string> split_patterns(std::string_view list) {
  std::vector<std::string> patterns;
  for (std::string_view entry : choices_of(list)) {
    size_t begin = entry.find_first_not_of(" \t");
    if (begin == std::string_view::npos) continue;
    patterns.emplace_back(entry.substr(begin, entry.find_last_not_of(" \t") + 1 - begin));
  }
  return patterns;
}

std::string check_patterns(std::string_view list) {
  for (std::string_view pattern : split_patterns(list)) {
    if (pattern.starts_with('!')) pattern.remove_prefix(1);
    auto glob = PathGlob::parse(pattern, "/");
    if (!glob) return fmt::format("{}: {}", pattern, glob.error());
  }
  return "";
}

std::string absolute_path(std::string_view path, std::string_view base) {
  std::string whole = path.starts_with('/') ? std::string(path) : fmt::format("{}/{}", base, path);
  std::vector<std::string_view> kept;
  for (std::string_view segment : split_path(whole)) {
    if (segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string result;
  for (std::string_view segment : kept) result.append("/").append(segment);
  return result.empty() ? "/" : result;
}

std::expected<PathGlob, std::string> PathGlob::parse(std::string_view pattern,
                                                     std::string_view base) {
  bool printable = std::ranges::none_of(pattern, [](unsigned char c) { return c < ' '; });
  if (!printable) return std::unexpected("not printable");
  std::vector<std::string> expanded;
  std::string wrong = expand(std::string(pattern), expanded);
  if (!wrong.empty()) return std::unexpected(wrong);
  PathGlob glob;
  for (const std::string& one : expanded) {
    if (one.empty() || one.ends_with('/')) return std::unexpected("it names no file");
    std::string whole = absolute_path(one, base);
    Segments segments;
    for (std::string_view segment : split_path(whole)) {
      bool part = segment.find(kAnySegments) != std::string_view::npos && segment != kAnySegments;
      if (part) return std::unexpected("** stands for whole segments: write a/**/b");
      segments.emplace_back(segment);
    }
    if (segments.empty()) return std::unexpected("it names no file");
    glob.alternatives_.push_back(std::move(segments));
  }
  // What all of them begin with, down to the first wildcard or to the last directory.
  const Segments& first = glob.alternatives_.front();
  for (size_t depth = 0; !has_wildcard(first[depth]); ++depth) {
    bool common = std::ranges::all_of(glob.alternatives_, [&](const Segments& segments) {
      return segments.size() > depth + 1 && segments[depth] == first[depth];
    });
    if (!common) break;
    glob.root_.append("/").append(first[depth]);
  }
  if (glob.root_.empty()) glob.root_ = "/";
  return glob;
}

bool PathGlob::matches(std::string_view path) const {
  auto segments = split_path(path);
  return std::ranges::any_of(
      alternatives_, [&](const Segments& pattern) { return matches_segments(pattern, segments); });
}

bool PathGlob::reaches_below(std::string_view directory) const {
  auto segments = split_path(directory);
  return std::ranges::any_of(
      alternatives_, [&](const Segments& pattern) { return reaches_segments(pattern, segments); });
}

}  // namespace howdah::app
