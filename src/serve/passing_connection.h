#pragma once

// What has a client for its first bytes only, and hands it on.

#include "serve/connection.h"
#include "serve/services.h"

namespace howdah::serve {

// The client's descriptor and its counts go with it when it is handed on, and end with it when it
// is closed.
class PassingConnection : public Connection {
 public:
  ~PassingConnection() override { close(); }

  void run() override {}
  bool scheduled() const override { return false; }
  void close() override;
  void list_requests(std::vector<pool::OpenRequest>&) const override {}

 protected:
  explicit PassingConnection(LoopServices& services) : services_(services) {}
  // It has `limit` from now on; 0 = no limit.
  void begin(Client client, base::Nanos limit);
  void arm(base::Nanos limit);
  void hand_on(Protocol protocol);
  bool is_open() const { return open_; }

  LoopServices& services_;
  Client client_;

 private:
  void leave();

  bool open_ = false;
  net::MemberTimer<PassingConnection, &PassingConnection::close> timer_{*this};
};

}  // namespace howdah::serve
