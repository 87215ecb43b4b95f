// Static files for clients that take encoded ones.

#include <fcntl.h>

#include <utility>

#include "codec/compressible.h"
#include "http/accept_encoding.h"
#include "serve/exchange.h"

namespace howdah::serve {

// What a client is sent. A part of a file is a part of the file as it is.
base::ContentCoding Exchange::coding_for_file(uint64_t size) const {
  constexpr auto kIdentity = base::ContentCoding::kIdentity;
  bool encodable = services_.shared.encoder.enabled() && codec::is_compressible_size(size) &&
                   head_->find("range") == nullptr;
  return encodable ? http::negotiate_coding(*head_, options().compression).coding : kIdentity;
}

bool Exchange::choose_encoded(const StaticFile& file) {
  constexpr auto kIdentity = base::ContentCoding::kIdentity;
  encoded_.reset();
  encoded_key_.coding = kIdentity;
  // A neighbour is as good, and what a script names is the script's.
  if (coding_ != kIdentity || named_by_ != NamedBy::kNobody) return false;
  if (options().compression.empty() || !codec::is_compressible_type(file.content_type))
    return false;
  encodings_ = true;
  base::ContentCoding coding = coding_for_file(file.identity.size);
  if (coding == kIdentity) return false;
  encoded_key_.path.assign(route_.file);
  encoded_key_.device = file.identity.device;
  encoded_key_.inode = file.identity.inode;
  encoded_key_.size = file.identity.size;
  encoded_key_.modified = file.identity.modified;
  encoded_key_.coding = coding;
  auto found = services_.shared.encoder.find(encoded_key_);
  bool waited = std::exchange(waited_for_encoding_, false);
  // Unknown after having waited: it could not be made, or others have pushed it out of the cache.
  bool unknown = found.state == StaticEncoder::State::kUnknown;
  if (found.state == StaticEncoder::State::kPlain || (unknown && waited)) return false;
  coding_ = coding;
  encoded_ = std::move(found.body);
  return !encoded_;
}

bool Exchange::wait_for_encoded(const FileCache::Found& found) {
  base::UniqueFd file;
  if (found.fd) {
    file.reset(::fcntl(found.fd.get(), F_DUPFD_CLOEXEC, 0));
  } else if (auto opened = site_->site->document_root.open_file(route_.file)) {
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
  std::string_view body = *encoded_;
  if (body.size() <= kRangePieceBytes || head_->method == "HEAD") {
    state_ = State::kAnswered;
    return stream_->start(answer_, body.size(), {{&body, 1}, body.size()}, Last::kYes);
  }
  state_ = State::kEncoded;
  encoded_sent_ = 0;
  stream_->set_pace(Pace::kHoldBack);
  stream_->start(answer_, body.size(), {}, Last::kNo);
  send_encoded_pieces();
}

// As the client takes them: what all who ask for it have in common need not be kept for each.
void Exchange::send_encoded_pieces() {
  size_t turn = 0;
  while (state_ == State::kEncoded) {
    if (!stream_->room()) return;
    if (turn >= kFileTurnBytes) {
      return services_.loop.timers().arm(next_turn_, services_.loop.now());
    }
    std::string_view piece = std::string_view(*encoded_).substr(encoded_sent_, kRangePieceBytes);
    encoded_sent_ += piece.size();
    turn += piece.size();
    const bool last = encoded_sent_ == encoded_->size();
    if (last) state_ = State::kAnswered;
    stream_->write({{&piece, 1}, piece.size()}, last ? Last::kYes : Last::kNo);
  }
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
