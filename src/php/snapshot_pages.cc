#include "php/snapshot_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tuple>
#include <vector>

#include "base/fd.h"

namespace howdah::php {
namespace {

// --- limits
constexpr uint32_t kMaxRanges = 1024;
// 8 MB that each waiting fork may copy, 64 MB that it may map.
constexpr uint32_t kMaxWritten = 2048;
constexpr uint32_t kMaxRead = 16384;
// Pages between two ranges to be read that are mapped along: as many as a fault brings.
constexpr uint64_t kReadGap = 16;
// Larger areas are not looked through: a sanitizer's shadow.
constexpr uint64_t kMaxArea = uint64_t{1} << 30;
// Forks look whose number is a power of two, the second first: the first request of all is not
// like those after it. Later one in so many.
constexpr uint32_t kLookEvery = 1 << 14;

// So many pages that the template has in use, and a piece of shared memory is worth a huge page.
constexpr uint32_t kWorthwhile = 64;

// As in the headers of Linux 5.14 and 6.1.
constexpr int kPopulateRead = 22;
constexpr int kPopulateWrite = 23;
constexpr int kCollapse = 25;
constexpr uint64_t kHugePage = 2 << 20;

// Of an entry of /proc/self/pagemap.
constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kOfFile = uint64_t{1} << 61;  // or shared
constexpr uint64_t kExclusive = uint64_t{1} << 56;

enum class Touch : uint32_t {
  kNone,
  kRead,   // a page of a file, or shared
  kWrite,  // a page that is this process's own
};

struct Area {
  uint64_t start = 0;
  uint64_t end = 0;
  bool writable = false;
  bool shared = false;
};

// False: not an area whose pages are of use to another fork.
bool parse(const char* line, Area& area) {
  char access[5] = "";
  char name[8] = "";
  unsigned long start = 0;
  unsigned long end = 0;
  int fields = std::sscanf(line, "%lx-%lx %4s %*s %*s %*s %7s", &start, &end, access, name);
  if (fields < 3 || access[0] != 'r' || end - start > kMaxArea) return false;
  // The request's own memory, and what the kernel gives each process.
  if (std::strncmp(name, "/memfd:", 7) == 0 || std::strncmp(name, "[v", 2) == 0) return false;
  area = {.start = start, .end = end, .writable = access[1] == 'w', .shared = access[3] == 's'};
  return true;
}

Touch touch_of(const Area& area, uint64_t entry) {
  if ((entry & kPresent) == 0) return Touch::kNone;
  if (area.shared || (entry & kOfFile) != 0) return Touch::kRead;
  return area.writable && (entry & kExclusive) != 0 ? Touch::kWrite : Touch::kNone;
}

}  // namespace

struct SnapshotPages::List {
  struct Range {
    uint64_t start;
    uint32_t pages;
    Touch touch;
  };
  std::atomic<uint32_t> made;   // forks
  std::atomic<uint32_t> count;  // of ranges
  Range ranges[kMaxRanges];
};

namespace {

template <class List>
class Writer {
 public:
  explicit Writer(List& list) : list_(list), page_(static_cast<uint64_t>(::getpagesize())) {}

  void add(uint64_t address, Touch touch) {
    uint32_t& left = touch == Touch::kWrite ? written_left_ : read_left_;
    const uint64_t gap = touch == Touch::kRead ? kReadGap : 0;
    if (count_ > 0) {
      auto& last = list_.ranges[count_ - 1];
      const uint64_t end = last.start + uint64_t{last.pages} * page_;
      const uint64_t more = (address - end) / page_ + 1;
      if (last.touch == touch && address >= end && more <= gap + 1 && more <= left) {
        last.pages += static_cast<uint32_t>(more);
        left -= static_cast<uint32_t>(more);
        return;
      }
    }
    if (count_ == kMaxRanges || left == 0) return;
    --left;
    list_.ranges[count_++] = {.start = address, .pages = 1, .touch = touch};
  }
  void finish() { list_.count.store(count_, std::memory_order_release); }

 private:
  List& list_;
  const uint64_t page_;
  uint32_t count_ = 0;
  uint32_t written_left_ = kMaxWritten;
  uint32_t read_left_ = kMaxRead;
};

template <class Visit>
void each_page(int pagemap, const Area& area, Visit visit) {
  const auto page = static_cast<uint64_t>(::getpagesize());
  uint64_t entries[512];
  for (uint64_t at = area.start; at < area.end;) {
    const uint64_t wanted = std::min<uint64_t>(std::size(entries), (area.end - at) / page);
    ssize_t size = ::pread(pagemap, entries, wanted * sizeof entries[0],
                           static_cast<off_t>(at / page * sizeof entries[0]));
    if (size < static_cast<ssize_t>(sizeof entries[0])) return;
    for (size_t i = 0; i < static_cast<size_t>(size) / sizeof entries[0]; ++i, at += page) {
      visit(at, entries[i]);
    }
  }
}

}  // namespace

namespace {

// Shared memory is not inherited by way of page tables: a fork finds its pages one by one, or a
// huge page at once. Asked for explicitly, that needs no setting of the system.
void collapse(int pagemap, const Area& area) {
  const uint64_t first = (area.start + kHugePage - 1) / kHugePage * kHugePage;
  for (uint64_t at = first; at + kHugePage <= area.end; at += kHugePage) {
    uint32_t present = 0;
    each_page(pagemap, {.start = at, .end = at + kHugePage},
              [&](uint64_t, uint64_t entry) { present += (entry & kPresent) != 0 ? 1 : 0; });
    if (present >= kWorthwhile) {
      std::ignore = ::madvise(reinterpret_cast<void*>(at), kHugePage, kCollapse);
    }
  }
}

template <class Visit>
void each_area(Visit visit) {
  std::unique_ptr<FILE, int (*)(FILE*)> maps(::fopen("/proc/self/maps", "re"), ::fclose);
  if (!maps) return;
  std::vector<Area> areas;
  char line[4608];
  while (std::fgets(line, sizeof line, maps.get()) != nullptr) {
    if (Area area; parse(line, area)) areas.push_back(area);
  }
  std::ranges::for_each(areas, visit);
}

}  // namespace

void SnapshotPages::arrange() {
  base::UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!pagemap) return;
  each_area([&](const Area& area) {
    if (area.shared) collapse(pagemap.get(), area);
  });
}

base::Status SnapshotPages::share() {
  void* list =
      ::mmap(nullptr, sizeof(List), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (list == MAP_FAILED) return base::fail_errno("mmap");
  mapping_ = channel::Mapping(list, sizeof(List));
  return {};
}

void SnapshotPages::populate() {
  if (list() == nullptr) return;
  const uint32_t number = list()->made.fetch_add(1, std::memory_order_relaxed) + 1;
  looks_ = number > 1 && (std::has_single_bit(number) || number % kLookEvery == 0);
  // What it populated would seem to be touched.
  if (looks_) return;
  const auto page = static_cast<uint64_t>(::getpagesize());
  const uint32_t count = std::min(list()->count.load(std::memory_order_acquire), kMaxRanges);
  for (uint32_t i = 0; i < count; ++i) {
    const auto& range = list()->ranges[i];
    const int advice = range.touch == Touch::kWrite ? kPopulateWrite : kPopulateRead;
    // A range that the template no longer has is no harm.
    if (::madvise(reinterpret_cast<void*>(range.start), range.pages * page, advice) < 0 &&
        errno == EINVAL && i == 0) {
      return;
    }
  }
}

void SnapshotPages::look() const {
  if (!looks_) return;
  base::UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!pagemap) return;
  Writer writer(*list());
  each_area([&](const Area& area) {
    each_page(pagemap.get(), area, [&](uint64_t address, uint64_t entry) {
      if (Touch touch = touch_of(area, entry); touch != Touch::kNone) writer.add(address, touch);
    });
  });
  writer.finish();
}

}  // namespace howdah::php
