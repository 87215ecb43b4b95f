#pragma once

// The clients of one event loop: accepts them, keeps their connections, ends them.

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "serve/connection.h"
#include "serve/services.h"

namespace howdah::serve {

// Belongs to its loop's thread, except before the loop runs. Ends before the loop, the pool and the
// shared services. Made after the pool, so that its hook is asked after the dispatcher's.
class FrontLoop final : public net::PassHook {
 public:
  FrontLoop(net::EventLoop& loop, SharedServices& shared, JobQueues jobs);
  ~FrontLoop() override;
  FrontLoop(const FrontLoop&) = delete;
  FrontLoop& operator=(const FrontLoop&) = delete;

  // Accepts from a listening, non-blocking descriptor. Other loops may have the same socket.
  // `protocol` is what its clients speak first.
  base::Status listen(base::UniqueFd listener, Protocol protocol = Protocol::kHttp1);
  // A client that was accepted elsewhere. One with too many connections is turned away.
  void adopt(base::UniqueFd client, Protocol protocol = Protocol::kHttp1);
  // For handshakes that begin from now on.
  void use_tls(std::shared_ptr<const net::TlsContext> context) {
    services_.tls = std::move(context);
  }
  // For requests that begin from now on. Between two passes of the loop.
  void use_site(std::shared_ptr<const Site> site);
  // Browsers that listen hear of a version of the site that SharedServices has already.
  void tell_browsers(BrowserNews news);
  // Accepts no more; idle connections end now, others after their answer. `on_done` is called,
  // once, when there is none left.
  void drain(std::function<void()> on_done);
  // Those that no pool has.
  std::vector<pool::OpenRequest> open_requests() const;
  // Ends all connections as they are.
  void cut();
  size_t connections() const { return open_.size(); }

  // --- net::PassHook
  bool poll() override;
  void end_pass() override {}
  bool prepare_sleep() override;
  void wake_up() override {}

 private:
  // One listening socket.
  struct Acceptor final : net::ReadyHandler {
    Acceptor(base::UniqueFd listener, Protocol spoken)
        : fd(std::move(listener)), protocol(spoken) {}
    void on_ready(uint32_t) override { pending = true; }
    base::UniqueFd fd;
    const Protocol protocol;
    bool pending = true;  // clients may be waiting
  };

  void limit_silence(Acceptor& acceptor);
  bool accept_some(Acceptor& acceptor);
  bool accept_one(Acceptor& acceptor);
  void pause(ConnectionLimit limit);
  void on_pause_over() { paused_ = false; }
  bool has_room();
  bool admit(ConnectionAddresses& addresses);
  void turn_away(int client, const ConnectionAddresses& addresses, Protocol protocol);
  void say_too_many(int client);
  void begin(Protocol protocol, Client client);
  std::unique_ptr<Connection> connection_for(Protocol protocol);
  bool run_scheduled();
  void recycle();

  LoopServices services_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::unique_ptr<Connection>> open_;
  std::array<std::vector<std::unique_ptr<Connection>>, kProtocols> spare_;
  std::vector<Connection*> running_;
  bool paused_ = false;
  // Next time that a line about it may be written.
  base::Nanos accept_log_at_ = 0;
  base::Nanos turn_away_log_at_ = 0;
  uint64_t turned_away_ = 0;  // since it was logged last
  net::MemberTimer<FrontLoop, &FrontLoop::on_pause_over> pause_timer_{*this};
  std::function<void()> on_drained_;
};

}  // namespace howdah::serve
