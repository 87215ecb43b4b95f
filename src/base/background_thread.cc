#include "base/background_thread.h"

#include <pthread.h>

#include <csignal>
#include <system_error>
#include <utility>

namespace howdah::base {
namespace {

// Blocks all signals for this thread, and so for those that it begins.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Result<std::thread> begin_background_thread(const char* name, std::function<void()> run) {
  SignalsBlocked blocked;
  try {
    return std::thread([name, run = std::move(run)] {
      pthread_setname_np(pthread_self(), name);
      run();
    });
  } catch (const std::system_error& error) {
    return fail({ErrorKind::kSystem, error.code().value(), "thread"});
  }
}

}  // namespace howdah::base
