#include "app/config/config_packet.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <type_traits>

#include "app/config/checks.h"
#include "app/config/settings.h"

namespace howdah::app {
namespace {

constexpr off_t kLargestPacket = 64 << 20;

// A member that is missing here does not compile: the names are all members of Config, in order.
template <class AnyConfig, class Visitor>
void visit_members(AnyConfig& config, Visitor&& visit) {
  auto& [listen, tls_listen, tls_cert, tls_key, tls_redirect, internal_addr, internal_token,
         control_socket, inherited, document_root, index_file, index_scripts, php_deny, cpus,
         php_workers, php_workers_max, php_hosts, php_max_requests, php_max_memory, php_program,
         php_ini, php_ini_set, php_sapi_name, use_ext, use_stub, worker_scripts, classic_pool,
         seccomp, front_threads, run_as_name, front_user_name, run_as, front_user, queue_capacity,
         queue_timeout, request_timeout, max_body_size, max_header_size, header_timeout,
         body_timeout, idle_timeout, write_timeout, max_connections, max_connections_per_ip,
         rate_limit, rate_window, rate_limit_store, trusted_proxies, spool_dir, spool_max,
         drain_timeout, reload_drain, static_cache_ttl, compression, static_cache_size,
         follow_symlinks, sendfile_root, response_headers, error_pages_dir, error_pages,
         slow_request, profile, access_log, log_level, log_format, log_file, service_name,
         otlp_endpoint, otlp_certificate, otlp_headers, otel_service_name, otel_resource,
         trace_ratio, php_environment, settings, notices, restart_wanted, development, watch,
         watch_root, watch_ignore, watch_poll, env_file] = config;
  // Not sent: `inherited`, whose sockets are taken; `php_environment` and the scripts' own, which
  // are no business of the front; `trusted_proxies`, which is made again from its text.
  visit(listen, tls_listen, tls_cert, tls_key, tls_redirect, internal_addr, internal_token,
        control_socket, document_root, index_file, index_scripts, php_deny, cpus, php_workers,
        php_workers_max, php_hosts, php_max_requests, php_max_memory, php_program, php_ini,
        php_ini_set, php_sapi_name, use_ext, use_stub, worker_scripts, classic_pool, seccomp,
        front_threads, run_as_name, front_user_name, run_as, front_user, queue_capacity,
        queue_timeout, request_timeout, max_body_size, max_header_size, header_timeout,
        body_timeout, idle_timeout, write_timeout, max_connections, max_connections_per_ip,
        rate_limit, rate_window, rate_limit_store, spool_dir, spool_max, drain_timeout,
        reload_drain, static_cache_ttl, compression, static_cache_size, follow_symlinks,
        sendfile_root, response_headers, error_pages_dir, error_pages, slow_request, profile,
        access_log, log_level, log_format, log_file, service_name, otlp_endpoint, otlp_certificate,
        otlp_headers, otel_service_name, otel_resource, trace_ratio, settings, notices,
        restart_wanted, development, watch, watch_root, watch_ignore, watch_poll, env_file);
}

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, base::CodingList>;

class Writer {
 public:
  template <class... Members>
  void operator()(const Members&... members) {
    (put(members), ...);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <Plain T>
  void put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(const std::string& text) {
    put(uint64_t{text.size()});
    bytes_ += text;
  }
  void put(const Identity& who) { (*this)(who.user, who.uid, who.gid, who.home); }
  void put(const WorkerScript& script) {
    (*this)(script.given, script.path, script.name, script.num, script.queue_capacity, script.match,
            script.watch, script.max_failures, script.mode, script.snapshot_ready);
  }
  void put(const FoundSetting& setting) { (*this)(setting.name, setting.text, setting.origin); }
  void put(const serve::ErrorPage& page) { (*this)(page.status, page.html); }
  void put(const std::pair<std::string, std::string>& pair) { (*this)(pair.first, pair.second); }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(uint64_t{values.size()});
    for (const T& value : values) put(value);
  }

  std::string bytes_;
};

// Takes what a Writer has put. After a failure, every value is empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class... Members>
  void operator()(Members&... members) {
    (take(members), ...);
  }
  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view take_bytes(uint64_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  template <Plain T>
  void take(T& value) {
    std::string_view bytes = take_bytes(sizeof value);
    if (!bytes.empty()) bytes.copy(reinterpret_cast<char*>(&value), sizeof value);
  }
  void take(std::string& text) {
    uint64_t size = 0;
    take(size);
    text = take_bytes(size);
  }
  void take(Identity& who) { (*this)(who.user, who.uid, who.gid, who.home); }
  void take(WorkerScript& script) {
    (*this)(script.given, script.path, script.name, script.num, script.queue_capacity, script.match,
            script.watch, script.max_failures, script.mode, script.snapshot_ready);
  }
  void take(FoundSetting& setting) { (*this)(setting.name, setting.text, setting.origin); }
  void take(serve::ErrorPage& page) { (*this)(page.status, page.html); }
  void take(std::pair<std::string, std::string>& pair) { (*this)(pair.first, pair.second); }
  template <class T>
  void take(std::optional<T>& value) {
    bool there = false;
    take(there);
    value.reset();
    if (there) take(value.emplace());
  }
  template <class T>
  void take(std::vector<T>& values) {
    uint64_t count = 0;
    take(count);
    values.clear();
    for (uint64_t i = 0; i < count && !failed_; ++i) take(values.emplace_back());
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

base::Result<base::UniqueFd> pack_config(const Config& config) {
  Writer writer;
  visit_members(config, writer);
  base::UniqueFd packet(::memfd_create("howdah-config", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!packet) return base::fail_errno("memfd_create");
  const std::string& bytes = writer.bytes();
  auto written = base::write_all(packet.get(), bytes.data(), bytes.size());
  if (!written) return base::fail(written.error());
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(packet.get(), F_ADD_SEALS, kSeals) < 0) return base::fail_errno("F_ADD_SEALS");
  return packet;
}

base::Result<Config> unpack_config(int packet) {
  const base::Error damaged{base::ErrorKind::kProtocol, 0, "packet of settings"};
  struct stat status;
  if (::fstat(packet, &status) < 0) return base::fail_errno("fstat");
  if (status.st_size > kLargestPacket) return base::fail(damaged);
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  ssize_t got = base::retry_eintr([&] { return ::pread(packet, bytes.data(), bytes.size(), 0); });
  if (got != static_cast<ssize_t>(bytes.size())) return base::fail(damaged);
  Config config;
  Reader reader(bytes);
  visit_members(config, reader);
  if (!reader.complete()) return base::fail(damaged);
  const Setting& proxies = *find_setting("TRUSTED_PROXIES");
  const std::string& text = found(config, proxies.name).text;
  apply_setting(proxies, text.empty() ? proxies.default_text : text, config);
  return config;
}

}  // namespace howdah::app
