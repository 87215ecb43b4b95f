#include "http/content_type.h"

#include <algorithm>
#include <iterator>

#include "http/chars.h"

namespace howdah::http {
namespace {

struct Type {
  std::string_view extension;
  std::string_view content_type;
};

constexpr bool operator<(const Type& a, const Type& b) { return a.extension < b.extension; }

// kTypes, of content_types.txt and the system's list.
#include "content_type_table.inc"
static_assert(std::is_sorted(std::begin(kTypes), std::end(kTypes)));

constexpr size_t kLongestExtension =
    std::max_element(std::begin(kTypes), std::end(kTypes), [](const Type& a, const Type& b) {
      return a.extension.size() < b.extension.size();
    })->extension.size();

constexpr std::string_view kUnknown = "application/octet-stream";

}  // namespace

std::string_view content_type_of(std::string_view path) {
  size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return kUnknown;
  std::string_view extension = path.substr(dot + 1);
  if (extension.size() > kLongestExtension) return kUnknown;

  char lower[kLongestExtension];
  std::transform(extension.begin(), extension.end(), lower, to_lower);
  Type wanted{{lower, extension.size()}, {}};
  const Type* found = std::lower_bound(std::begin(kTypes), std::end(kTypes), wanted);
  if (found == std::end(kTypes) || found->extension != wanted.extension) return kUnknown;
  return found->content_type;
}

}  // namespace howdah::http
