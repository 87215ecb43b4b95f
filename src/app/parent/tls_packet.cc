#include "app/parent/tls_packet.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace howdah::app {
namespace {

constexpr off_t kLargestPacket = 64 << 20;

base::Status put(int packet, std::string_view text) {
  uint64_t size = text.size();
  auto status = base::write_all(packet, &size, sizeof size);
  return status ? base::write_all(packet, text.data(), text.size()) : status;
}

base::Error damaged() { return {base::ErrorKind::kProtocol, 0, "packet of TLS keys"}; }

// Takes the packet's texts one after another.
class Unpacker {
 public:
  explicit Unpacker(int packet) : packet_(packet) {}
  base::Result<std::string> next(off_t end) {
    uint64_t size = 0;
    if (!read(&size, sizeof size) || size > static_cast<uint64_t>(end - offset_)) {
      return base::fail(damaged());
    }
    std::string text(size, '\0');
    if (!read(text.data(), size)) return base::fail(damaged());
    return text;
  }
  off_t offset() const { return offset_; }

 private:
  bool read(void* into, size_t size) {
    ssize_t got = base::retry_eintr([&] { return ::pread(packet_, into, size, offset_); });
    offset_ += static_cast<off_t>(size);
    return got == static_cast<ssize_t>(size);
  }

  const int packet_;
  off_t offset_ = 0;
};

}  // namespace

base::Result<base::UniqueFd> pack_tls(std::span<const net::TlsPair> pairs) {
  base::UniqueFd packet(::memfd_create("howdah-tls", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!packet) return base::fail_errno("memfd_create");
  for (const net::TlsPair& pair : pairs) {
    for (std::string_view text : {std::string_view(pair.chain), std::string_view(pair.key)}) {
      auto status = put(packet.get(), text);
      if (!status) return base::fail(status.error());
    }
  }
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(packet.get(), F_ADD_SEALS, kSeals) < 0) return base::fail_errno("F_ADD_SEALS");
  return packet;
}

base::Result<std::vector<net::TlsPair>> unpack_tls(int packet) {
  struct stat status;
  if (::fstat(packet, &status) < 0) return base::fail_errno("fstat");
  if (status.st_size > kLargestPacket) return base::fail(damaged());
  std::vector<net::TlsPair> pairs;
  Unpacker unpacker(packet);
  while (unpacker.offset() < status.st_size) {
    auto chain = unpacker.next(status.st_size);
    if (!chain) return base::fail(chain.error());
    auto key = unpacker.next(status.st_size);
    if (!key) return base::fail(key.error());
    pairs.emplace_back(std::move(*chain), std::move(*key));
  }
  return pairs;
}

}  // namespace howdah::app
