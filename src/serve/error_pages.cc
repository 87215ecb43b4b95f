#include "serve/error_pages.h"

#include <algorithm>

#include "codec/compressible.h"
#include "codec/encoder.h"

namespace howdah::serve {
namespace {

// Empty when it does not become smaller.
std::string encode(std::string_view html, base::ContentCoding coding) {
  // Not the static effort: this runs on an event loop, at a reload.
  std::unique_ptr<codec::Encoder> encoder = codec::make_encoder(coding, codec::Effort::kDynamic);
  if (!encoder || !encoder->begin()) return {};
  std::string body;
  char room[codec::kEncodedPieceBytes];
  bool sound =
      codec::encode_all(*encoder, html, codec::Until::kFinished, room, [&](std::string_view piece) {
        body += piece;
        return true;
      });
  return sound && body.size() < html.size() ? body : std::string();
}

}  // namespace

ErrorPages::ErrorPages(const std::vector<ErrorPage>& pages, const base::CodingList& codings) {
  pages_.reserve(pages.size());
  for (const ErrorPage& page : pages) pages_.emplace_back(page, codings);
}

const ErrorPages::Page* ErrorPages::find(int status) const {
  auto found = std::ranges::find(pages_, status, &Page::status);
  return found == pages_.end() ? nullptr : &*found;
}

ErrorPages::Page::Page(const ErrorPage& page, const base::CodingList& codings)
    : status_(page.status), html_(page.html) {
  if (!codec::is_compressible_size(html_.size())) return;
  for (base::ContentCoding coding : codings) {
    std::string& body = bodies_[static_cast<size_t>(coding)];
    body = encode(html_, coding);
    encoded_ = encoded_ || !body.empty();
  }
}

std::string_view ErrorPages::Page::body(base::ContentCoding coding) const {
  if (coding == base::ContentCoding::kIdentity) return html_;
  return bodies_[static_cast<size_t>(coding)];
}

}  // namespace howdah::serve
