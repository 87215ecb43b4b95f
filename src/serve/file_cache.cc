#include "serve/file_cache.h"

#include <unistd.h>

#include <algorithm>

#include "http/content_type.h"
#include "http/validators.h"
#include "serve/limits.h"

namespace howdah::serve {
namespace {

// Indexed by base::ContentCoding.
constexpr std::string_view kSuffixes[base::kContentCodings] = {"", ".br", ".zst", ".gz"};

// Reads as many bytes as the file is known to have. Returns how many there were.
base::Result<size_t> read_content(StaticFile& file, int fd) {
  file.content.resize(file.identity.size);
  size_t have = 0;
  while (have < file.content.size()) {
    ssize_t got = base::retry_eintr([&] {
      return ::pread(fd, file.content.data() + have, file.content.size() - have,
                     static_cast<off_t>(have));
    });
    if (got < 0) return base::fail_errno("read");
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  file.content.resize(have);
  return have;
}

}  // namespace

std::string_view suffix_of(base::ContentCoding coding) {
  return kSuffixes[static_cast<size_t>(coding)];
}

FileCache::FileCache(const DocumentRoot& root, const net::EventLoop& loop, base::Nanos trust,
                     WallClock wall)
    : root_(root), loop_(loop), trust_(trust), wall_(wall) {}

FileKind FileCache::kind_of(std::string_view path) {
  Entry* entry = find(path);
  if (entry != nullptr && trusted(*entry)) return entry->kind;
  FileLook look = root_.look_at(path);
  if (look.kind == FileKind::kFile || look.kind == FileKind::kDirectory) {
    if (entry == nullptr) entry = remember(path, look);
    see(*entry, look);
  } else if (entry != nullptr) {
    forget(entries_.begin());
  }
  return look.kind;
}

base::Result<FileCache::Found> FileCache::open(std::string_view path) {
  Entry* entry = find(path);
  if (entry != nullptr && entry->file.has_content && trusted(*entry)) {
    return Found{&entry->file, {}};
  }
  auto fd = root_.open_file(path);
  if (!fd) return base::fail(fd.error());
  FileLook look = look_at(fd->get());
  if (look.kind != FileKind::kFile) return base::fail({base::ErrorKind::kSystem, ENOENT, "open"});
  if (entry == nullptr) entry = remember(path, look);
  see(*entry, look);
  if (!entry->described) describe(*entry);
  if (look.identity.size > kSmallFileBytes) {
    entry->file.settled = settles(look.identity);
    return Found{&entry->file, std::move(*fd)};
  }
  auto held = read(*entry, fd->get());
  if (!held) return base::fail(held.error());
  return Found{&entry->file, {}};
}

base::CodingList FileCache::neighbours_of(std::string_view path, const base::CodingList& offered) {
  if (kind_of(path) != FileKind::kFile) return {};
  Entry* entry = find(path);
  // A path too long to be remembered is too long to have others beside it.
  if (entry == nullptr) return {};
  if (!entry->neighbours_at || loop_.now() - *entry->neighbours_at > trust_) {
    entry->neighbours = look_for_neighbours(*entry, offered);
    entry->neighbours_at = loop_.now();
  }
  return entry->neighbours;
}

base::CodingList FileCache::look_for_neighbours(const Entry& entry,
                                                const base::CodingList& offered) {
  base::CodingList found;
  for (base::ContentCoding coding : offered) {
    scratch_.assign(entry.path).append(suffix_of(coding));
    FileLook look = root_.look_at(scratch_);
    // Whole seconds: tools that copy times may lose the rest.
    bool older = look.identity.modified / base::kSecond < entry.file.modified_seconds();
    if (look.kind != FileKind::kFile || look.identity.size == 0 || older) continue;
    found.codings[found.count++] = coding;
  }
  return found;
}

// The entry of a path, now the latest used, or null.
FileCache::Entry* FileCache::find(std::string_view path) {
  // Routing and answering ask for the same one.
  if (!entries_.empty() && entries_.front().path == path) return &entries_.front();
  auto found = by_path_.find(path);
  if (found == by_path_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front();
}

FileCache::Entry* FileCache::remember(std::string_view path, const FileLook& look) {
  if (path.size() > kCachedPathBytes) {
    drop_content(unkept_);
    unkept_ = {};
    unkept_.path.assign(path);
    return &unkept_;
  }
  if (entries_.size() == kCachedFiles) forget(std::prev(entries_.end()));
  entries_.push_front({.path = std::string(path), .kind = look.kind});
  by_path_.emplace(entries_.front().path, entries_.begin());
  return &entries_.front();
}

// What was found at the entry's path just now.
void FileCache::see(Entry& entry, const FileLook& look) {
  entry.checked_at = loop_.now();
  bool same = entry.kind == look.kind && entry.file.identity == look.identity;
  entry.kind = look.kind;
  entry.file.identity = look.identity;
  if (same && entry.file.settled) return;
  drop_content(entry);
  if (same) return;
  entry.described = false;
  entry.neighbours_at.reset();
}

void FileCache::describe(Entry& entry) {
  StaticFile& file = entry.file;
  file.etag.clear();
  http::append_etag(file.etag, file.identity.size, file.modified_seconds());
  file.last_modified.clear();
  base::append_http_date(file.last_modified, file.modified_seconds());
  file.content_type = http::content_type_of(entry.path);
  entry.described = true;
}

// Takes all of a small file into memory, and its fields anew when it changed under the reading.
base::Status FileCache::read(Entry& entry, int fd) {
  StaticFile& file = entry.file;
  for (int tries = 0; tries < kFileReadTries; ++tries) {
    drop_content(entry);
    file.settled = settles(file.identity);
    make_room(file.identity.size);
    auto size = read_content(file, fd);
    if (!size) return base::fail(size.error());
    file.has_content = true;
    content_bytes_ += *size;
    FileLook now = look_at(fd);
    // A clock may have stood still while the file was cut and written again.
    if (now.identity == file.identity && *size == file.identity.size) return {};
    if (now.identity.size > kSmallFileBytes) break;
    see(entry, now);
    describe(entry);
  }
  drop_content(entry);
  return base::fail({base::ErrorKind::kSystem, EAGAIN, "file changes while it is read"});
}

bool FileCache::settles(const FileIdentity& identity) const {
  return wall_() - std::max(identity.changed, identity.modified) > kFileSettles;
}

void FileCache::drop_content(Entry& entry) {
  if (!entry.file.has_content) return;
  content_bytes_ -= entry.file.content.size();
  entry.file.content = {};
  entry.file.has_content = false;
}

void FileCache::forget(Entries::iterator entry) {
  drop_content(*entry);
  by_path_.erase(entry->path);
  entries_.erase(entry);
}

// For `size` bytes of the latest entry.
void FileCache::make_room(size_t size) {
  while (entries_.size() > 1 && content_bytes_ + size > kCachedFileBytes) {
    forget(std::prev(entries_.end()));
  }
}

}  // namespace howdah::serve
