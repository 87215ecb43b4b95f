#include "http/accept_encoding.h"

#include <algorithm>
#include <array>

#include "http/accept.h"
#include "http/chars.h"

namespace howdah::http {
namespace {

using base::ContentCoding;

constexpr int kUnnamed = -1;

// What a client says about each coding, in thousandths.
class Weights {
 public:
  Weights() { weights_.fill(kUnnamed); }

  // False when the list is malformed.
  bool add_list(std::string_view list) {
    while (!list.empty()) {
      size_t comma = std::min(list.find(','), list.size());
      std::string_view element = trim_ows(list.substr(0, comma));
      if (!element.empty() && !add(element)) return false;
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return true;
  }
  // 0: the client refuses it.
  int of(ContentCoding coding) const {
    int named = weights_[static_cast<size_t>(coding)];
    return named != kUnnamed ? named : std::max(any_other_, 0);
  }
  // An identity that is neither named nor matched by "*" is taken, but only after all others.
  bool refuses_identity() const {
    int named = weights_[static_cast<size_t>(ContentCoding::kIdentity)];
    return named == 0 || (named == kUnnamed && any_other_ == 0);
  }

 private:
  bool add(std::string_view element) {
    size_t semicolon = std::min(element.find(';'), element.size());
    std::string_view name = trim_ows(element.substr(0, semicolon));
    if (!is_token(name)) return false;
    int weight = kHighestWeight;
    if (semicolon < element.size()) {
      std::string_view parameter = trim_ows(element.substr(semicolon + 1));
      if (parameter.size() < 2 || !iequals(parameter.substr(0, 2), "q=")) return false;
      weight = parse_weight(parameter.substr(2));
      if (weight == kMalformedWeight) return false;
    }
    int* slot = slot_of(name);
    if (slot != nullptr && *slot == kUnnamed) *slot = weight;
    return true;
  }
  int* slot_of(std::string_view name) {
    if (name == "*") return &any_other_;
    // RFC 9110 8.4.1.3: to be taken as gzip.
    if (iequals(name, "x-gzip")) name = base::name_of(ContentCoding::kGzip);
    for (size_t i = 0; i < weights_.size(); ++i) {
      if (iequals(name, base::name_of(static_cast<ContentCoding>(i)))) return &weights_[i];
    }
    return nullptr;
  }

  std::array<int, base::kContentCodings> weights_;
  int any_other_ = kUnnamed;  // what "*" says
};

}  // namespace

NegotiatedCoding negotiate_coding(const RequestHead& head, const base::CodingList& offered) {
  if (offered.empty()) return {};
  Weights weights;
  bool present = false;
  for (const Field& field : head.fields) {
    if (!iequals(field.name, "Accept-Encoding")) continue;
    present = true;
    if (!weights.add_list(field.value)) return {};
  }
  if (!present) return {};

  NegotiatedCoding best{.acceptable = !weights.refuses_identity()};
  int best_weight = 0;
  for (ContentCoding coding : offered) {
    if (weights.of(coding) <= best_weight) continue;
    best = {coding, true};
    best_weight = weights.of(coding);
  }
  if (weights.of(ContentCoding::kIdentity) > best_weight) return {};
  return best;
}

}  // namespace howdah::http
