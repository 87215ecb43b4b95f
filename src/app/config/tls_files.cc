#include "app/config/tls_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "app/config/values.h"
#include "base/fd.h"

namespace howdah::app {
namespace {

// The longest chain anyone has is a tenth of it.
constexpr off_t kLargestPemFile = 1 << 20;

std::string system_error() { return std::strerror(errno); }

// Empty, or what is wrong.
std::string read_file(const std::string& path, std::string& text) {
  // Not to wait for the other end of a FIFO.
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return system_error();
  struct stat status;
  if (::fstat(fd.get(), &status) < 0) return system_error();
  if (!S_ISREG(status.st_mode)) return "not a file";
  if (status.st_size > kLargestPemFile) return "too large for a PEM file";
  text.resize(static_cast<size_t>(status.st_size));
  size_t size = 0;
  while (size < text.size()) {
    ssize_t got =
        base::retry_eintr([&] { return ::read(fd.get(), text.data() + size, text.size() - size); });
    if (got < 0) return system_error();
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  return "";
}

class Reader {
 public:
  void add(const std::string& certificate, const std::string& key);

  TlsFiles files;
  std::vector<TlsProblem> problems;

 private:
  void wrong(net::TlsFault::In in, const std::string& path, const std::string& what) {
    bool key = in == net::TlsFault::In::kKey;
    problems.push_back({key ? "TLS_KEY" : "TLS_CERT", path + ": " + what});
  }
};

void Reader::add(const std::string& certificate, const std::string& key) {
  using In = net::TlsFault::In;
  net::TlsPair pair;
  std::string trouble = read_file(certificate, pair.chain);
  if (!trouble.empty()) return wrong(In::kCertificate, certificate, trouble);
  trouble = read_file(key, pair.key);
  if (!trouble.empty()) return wrong(In::kKey, key, trouble);
  auto identity = net::parse_tls_pair(pair);
  if (!identity) {
    const net::TlsFault& fault = identity.error();
    return wrong(fault.in, fault.in == In::kKey ? key : certificate, fault.what);
  }
  if (!identity->warning.empty()) {
    files.warnings.push_back("TLS_CERT " + certificate + ": " + identity->warning);
  }
  files.pairs.push_back(std::move(pair));
}

}  // namespace

std::expected<TlsFiles, std::vector<TlsProblem>> read_tls_files(const Config& config) {
  auto certificates = split_list(config.tls_cert, ',');
  auto keys = split_list(config.tls_key, ',');
  Reader reader;
  if (certificates.size() != keys.size()) {
    bool more_keys = keys.size() > certificates.size();
    reader.problems.push_back(more_keys ? TlsProblem{"TLS_KEY", "needs as many files in TLS_CERT"}
                                        : TlsProblem{"TLS_CERT", "needs as many files in TLS_KEY"});
    return std::unexpected(std::move(reader.problems));
  }
  for (size_t i = 0; i < keys.size(); ++i) reader.add(certificates[i], keys[i]);
  if (!reader.problems.empty()) return std::unexpected(std::move(reader.problems));
  return std::move(reader.files);
}

std::vector<std::string> tls_paths(const Config& config) {
  auto paths = split_list(config.tls_cert, ',');
  for (std::string& key : split_list(config.tls_key, ',')) paths.push_back(std::move(key));
  return paths;
}

}  // namespace howdah::app
