// Files as answers of an exchange: those a path means, and those a script names.

#include <unistd.h>

#include <algorithm>

#include "http/accept_encoding.h"
#include "http/chars.h"
#include "http/content_type.h"
#include "http/validators.h"
#include "serve/exchange.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

// What a script may say of the file it names, as behind nginx; the file says the rest itself.
constexpr std::string_view kKeptOfScript[] = {"content-disposition", "cache-control", "expires",
                                              "set-cookie"};

bool is_kept_of_script(std::string_view name) {
  return std::ranges::any_of(kKeptOfScript,
                             [&](std::string_view kept) { return http::iequals(name, kept); });
}

// `path` below `root` as a path that begins at it, or nothing.
std::string_view below(std::string_view path, std::string_view root) {
  if (root == "/") return path;
  bool inside = !root.empty() && path.size() > root.size() && path.starts_with(root) &&
                path[root.size()] == '/';
  return inside ? path.substr(root.size()) : std::string_view();
}

}  // namespace

void Exchange::send_file() {
  coding_ = base::ContentCoding::kIdentity;
  encodings_ = false;
  choose_neighbour();
  std::string_view path = route_.file;
  if (coding_ != base::ContentCoding::kIdentity) {
    scratch_.assign(path).append(suffix_of(coding_));
    path = scratch_;
  }
  auto found = site_->files.open(path);
  if (!found) return send_open_error(found.error());
  send_found(std::move(*found));
}

void Exchange::choose_neighbour() {
  base::CodingList there = site_->files.neighbours_of(route_.file, options().compression);
  if (there.empty()) return;
  encodings_ = true;
  coding_ = http::negotiate_coding(*head_, there).coding;
}

void Exchange::send_open_error(const base::Error& error) {
  switch (error.sys_errno) {
    case EMFILE:
    case ENFILE:
      return send_error(503, "out of descriptors");
    case EAGAIN:
      return send_error(503, "file changes while it is read");
    case EACCES:
    case EPERM:
      return send_error(403, "file may not be read");
    default:
      return send_error(404, "file went away");
  }
}

// Never that of the file itself, whatever sizes and times they have: a neighbour's has its suffix,
// a body that was encoded here the coding's name.
void Exchange::make_tag(const StaticFile& file) {
  etag_.assign(file.etag);
  if (coding_ == base::ContentCoding::kIdentity) return;
  if (encoded_key_.coding == coding_) return append_coding(etag_, coding_);
  etag_.insert(etag_.size() - 1, suffix_of(coding_));
}

void Exchange::send_found(FileCache::Found found) {
  const StaticFile& file = *found.file;
  file_size_ = file.identity.size;
  bool unmade = choose_encoded(file);
  make_tag(file);
  http::Validators validators{
      .etag = etag_, .last_modified = file.modified_seconds(), .date_is_strong = file.settled};
  // A script may name a file in answer to any method; conditions are about reading one.
  if (head_->method == "GET" || head_->method == "HEAD") {
    auto met = http::evaluate_preconditions(*head_, validators);
    if (met == http::Precondition::kFailed) return send_error(412, "");
    if (met == http::Precondition::kNotModified) {
      begin_file_head(304, file);
      add_configured();
      state_ = State::kAnswered;
      return stream_->start(answer_, 0, {}, Last::kYes);
    }
  }
  if (unmade) {
    if (wait_for_encoded(found)) return;
    coding_ = base::ContentCoding::kIdentity;
    make_tag(file);
  }
  if (encoded_) return send_encoded(file);
  http::ByteRanges ranges;
  switch (http::requested_ranges(*head_, validators, file_size_, ranges)) {
    case http::RangeAnswer::kWhole:
      return send_content(std::move(found));
    case http::RangeAnswer::kUnsatisfiable:
      return send_error(416, "");
    case http::RangeAnswer::kParts:
      if (ranges.size() == 1) return send_range(std::move(found), ranges[0]);
      return begin_ranges(std::move(found), ranges);
  }
}

// All but what the status decides about.
void Exchange::begin_file_head(int status, const StaticFile& file) {
  begin_head(status);
  answer_.add("ETag", etag_);
  answer_.add("Last-Modified", file.last_modified);
  if (encodings_) answer_.add("Vary", "Accept-Encoding");
  if (named_by_ != NamedBy::kNobody) {
    script_head_.for_each([&](std::string_view name, std::string_view value) {
      if (is_kept_of_script(name)) answer_.add(name, value);
    });
  } else if (route_.kind == RouteKind::kFallback) {
    answer_.add("Cache-Control", "no-cache");
  } else if (!site_->site->static_cache_control.empty()) {
    answer_.add("Cache-Control", site_->site->static_cache_control);
  }
}

// Of every answer that has bytes of the file.
void Exchange::add_body_fields() {
  if (coding_ != base::ContentCoding::kIdentity) {
    answer_.add("Content-Encoding", base::name_of(coding_));
  }
  answer_.add("Accept-Ranges", "bytes");
  add_configured();
}

std::string_view Exchange::file_type(const StaticFile& file) const {
  bool scripts = named_by_ != NamedBy::kNobody && !content_type_.empty();
  if (scripts) return content_type_;
  // What the file holds when it is decoded.
  return coding_ == base::ContentCoding::kIdentity ? file.content_type
                                                   : http::content_type_of(route_.file);
}

void Exchange::send_content(FileCache::Found found) {
  if (send_page_with_tag(found)) return;
  const StaticFile& file = *found.file;
  begin_file_head(200, file);
  answer_.add("Content-Type", file_type(file));
  add_body_fields();
  state_ = State::kAnswered;
  if (head_->method == "HEAD") return stream_->start(answer_, file_size_, {}, Last::kYes);
  if (found.fd) return stream_->start_file(answer_, std::move(found.fd), 0, file_size_);
  std::string_view text = file.content;
  stream_->start(answer_, text.size(), {{&text, 1}, text.size()}, Last::kYes);
}

void Exchange::send_range(FileCache::Found found, http::ByteRange range) {
  const StaticFile& file = *found.file;
  begin_file_head(206, file);
  scratch_.clear();
  http::append_content_range(scratch_, range, file_size_);
  answer_.add("Content-Range", scratch_);
  answer_.add("Content-Type", file_type(file));
  add_body_fields();
  state_ = State::kAnswered;
  if (found.fd) {
    return stream_->start_file(answer_, std::move(found.fd), range.offset, range.length);
  }
  std::string_view text = std::string_view(file.content).substr(range.offset, range.length);
  stream_->start(answer_, text.size(), {{&text, 1}, text.size()}, Last::kYes);
}

void Exchange::begin_ranges(FileCache::Found found, const http::ByteRanges& ranges) {
  const StaticFile& file = *found.file;
  char boundary[16];
  base::put_hex64(services_.random.next(), boundary);
  file_ranges_ = std::make_unique<FileRanges>();
  file_ranges_->ranges = ranges;
  file_ranges_->boundary.assign(boundary, sizeof boundary);
  file_ranges_->content_type = file_type(file);
  file_ranges_->size = file_size_;
  file_ranges_->fd = std::move(found.fd);
  if (!file_ranges_->fd) file_ranges_->content = file.content;

  begin_file_head(206, file);
  scratch_.assign("multipart/byteranges; boundary=").append(file_ranges_->boundary);
  answer_.add("Content-Type", scratch_);
  add_body_fields();
  state_ = State::kRanges;
  stream_->set_pace(Pace::kHoldBack);
  stream_->start(answer_, http::parts_length(file_ranges_->form(), ranges.all()), {}, Last::kNo);
  send_ranges();
}

// Goes on until the client has enough for now, or others must have their turn.
void Exchange::send_more() { state_ == State::kRanges ? send_ranges() : send_encoded_pieces(); }

void Exchange::send_ranges() {
  FileRanges& all = *file_ranges_;
  size_t turn = 0;
  while (all.index < all.ranges.size()) {
    if (!stream_->room()) return;
    if (turn >= kFileTurnBytes) {
      return services_.loop.timers().arm(next_turn_, services_.loop.now());
    }
    size_t sent = send_range_piece(all);
    if (sent == 0) {
      error_ = "file was cut short while it was sent";
      state_ = State::kAnswered;
      return stream_->cut();
    }
    turn += sent;
  }
  scratch_.clear();
  http::append_parts_end(scratch_, all.form());
  std::string_view end = scratch_;
  state_ = State::kAnswered;
  stream_->write({{&end, 1}, end.size()}, Last::kYes);
}

// Returns how many bytes of the file went out; 0 = they cannot be read.
size_t Exchange::send_range_piece(FileRanges& all) {
  const http::ByteRange& range = all.ranges[all.index];
  scratch_.clear();
  if (all.sent == 0) http::append_part_head(scratch_, all.form(), range);
  uint64_t offset = range.offset + all.sent;
  size_t wanted =
      static_cast<size_t>(std::min<uint64_t>(range.length - all.sent, kRangePieceBytes));
  std::string_view bytes = std::string_view(all.content).substr(all.fd ? 0 : offset, wanted);
  if (all.fd) {
    char* memory = held_.prepare(wanted).data();
    ssize_t got = base::retry_eintr(
        [&] { return ::pread(all.fd.get(), memory, wanted, static_cast<off_t>(offset)); });
    if (got <= 0) return 0;
    bytes = {memory, static_cast<size_t>(got)};
  }
  pieces_.assign({std::string_view(scratch_), bytes});
  stream_->write({pieces_, scratch_.size() + bytes.size()}, Last::kNo);
  all.sent += bytes.size();
  if (all.sent == range.length) {
    ++all.index;
    all.sent = 0;
  }
  return bytes.size();
}

// --- files that a script names

bool Exchange::take_file_name(std::string_view name, std::string_view value) {
  if (http::iequals(name, "x-accel-redirect")) {
    named_by_ = NamedBy::kUri;
  } else if (http::iequals(name, "x-sendfile")) {
    named_by_ = NamedBy::kPath;
  } else {
    return false;
  }
  file_name_.assign(value);
  return true;
}

void Exchange::send_named_file() {
  std::swap(answer_, script_head_);
  FileCache* files = find_named_file();
  if (files == nullptr || files->kind_of(route_.file) == FileKind::kNone) {
    services_.shared.log.log(base::LogType::kApp, base::LogLevel::kWarn,
                             "no file where a script's answer points", ids(),
                             {{"file", std::string_view(file_name_)}});
    return send_error(404, "no file where the script's answer points");
  }
  auto found = files->open(route_.file);
  if (!found) return send_open_error(found.error());
  send_found(std::move(*found));
}

// Puts its path into route_.file and returns where that begins; null when no such file may be sent.
FileCache* Exchange::find_named_file() {
  FileCache* sendfile_files = site_->sendfile_files ? &*site_->sendfile_files : nullptr;
  FileCache* files = &site_->files;
  std::string& path = route_.file;
  if (named_by_ == NamedBy::kUri) {
    if (!http::decode_target(file_name_, path)) return nullptr;
    if (sendfile_files != nullptr) files = sendfile_files;
  } else {
    if (!file_name_.starts_with('/')) return nullptr;
    path.assign(file_name_);
    http::normalise_path(path);
    std::string_view inside = below(path, options().sendfile_root);
    if (!inside.empty()) {
      files = sendfile_files;
    } else {
      inside = below(path, options().document_root);
    }
    if (inside.empty()) return nullptr;
    path.erase(0, path.size() - inside.size());
  }
  return http::has_hidden_segment(path) || is_source_name(path) ? nullptr : files;
}

}  // namespace howdah::serve
