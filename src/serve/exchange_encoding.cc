// Static files for clients that take encoded ones.

#include <fcntl.h>

#include <utility>

#include "codec/compressible.h"
#include "http/accept_encoding.h"
#include "http/content_type.h"
#include "serve/exchange.h"

namespace howdah::serve {

// What a client is sent. A part of a file is a part of the file as it is.
base::ContentCoding Exchange::coding_for_file(uint64_t size) const {
  constexpr auto kIdentity = base::ContentCoding::kIdentity;
  bool encodable = services_.shared.encoder.enabled() && codec::is_compressible_size(size) &&
                   head_->find("range") == nullptr;
  return encodable ? http::negotiate_coding(*head_, options().compression).coding : kIdentity;
}

FileCoding Exchange::look_for_encoded(uint64_t size, base::Nanos modified) {
  FileCoding result;
  if (options().compression.empty() ||
      !codec::is_compressible_type(http::content_type_of(route_.file))) {
    return result;
  }
  result.varies = true;
  base::ContentCoding coding = coding_for_file(size);
  if (coding == base::ContentCoding::kIdentity) return result;
  encoded_key_.path.assign(route_.file);
  encoded_key_.size = size;
  encoded_key_.modified = modified;
  encoded_key_.coding = coding;
  auto found = services_.shared.encoder.find(encoded_key_);
  bool waited = std::exchange(waited_for_encoding_, false);
  if (found.state == StaticEncoder::State::kPlain) return result;
  // After having waited: it could not be made, or others have pushed it out of the cache.
  if (found.state == StaticEncoder::State::kUnknown && waited) return result;
  result.coding = coding;
  result.body = std::move(found.body);
  return result;
}

bool Exchange::choose_encoded(const StaticFile& file) {
  encoded_.reset();
  encoded_key_.coding = base::ContentCoding::kIdentity;
  // A neighbour is as good, and what a script names is the script's.
  if (coding_ != base::ContentCoding::kIdentity || named_by_ != NamedBy::kNobody) return false;
  FileCoding found = look_for_encoded(file.identity.size, file.identity.modified);
  if (found.varies) encodings_ = true;
  coding_ = encoded_key_.coding = found.coding;
  encoded_ = std::move(found.body);
  return coding_ != base::ContentCoding::kIdentity && !encoded_;
}

bool Exchange::wait_for_encoded(const FileCache::Found& found) {
  base::UniqueFd file;
  if (found.fd) {
    file.reset(::fcntl(found.fd.get(), F_DUPFD_CLOEXEC, 0));
  } else if (auto opened = services_.shared.document_root.open_file(route_.file)) {
    file = std::move(*opened);
  }
  if (!file) return false;
  encoding_ = services_.shared.encoder.start(encoded_key_, std::move(file), services_.loop, *this);
  if (!encoding_) return false;
  state_ = State::kEncoding;
  return true;
}

void Exchange::send_encoded(const StaticFile& file) {
  begin_file_head(200, file);
  answer_.add("Content-Type", file_type(file));
  answer_.add("Content-Encoding", base::name_of(coding_));
  add_configured();
  state_ = State::kAnswered;
  std::string_view body = *encoded_;
  stream_->start(answer_, body.size(), {{&body, 1}, body.size()}, Last::kYes);
}

void Exchange::on_encoded() {
  encoding_.reset();
  if (state_ != State::kEncoding) return;
  waited_for_encoding_ = true;
  send_file();
}

void Exchange::stop_waiting_for_encoded() {
  if (encoding_) encoding_->waiter = nullptr;
  encoding_.reset();
  waited_for_encoding_ = false;
}

void append_coding(std::string& etag, base::ContentCoding coding) {
  if (coding == base::ContentCoding::kIdentity) return;
  etag.pop_back();
  etag.append("-").append(base::name_of(coding)).append("\"");
}

}  // namespace howdah::serve
