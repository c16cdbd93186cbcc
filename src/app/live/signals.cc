#include "app/live/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace netscope {
namespace {

sigset_t wanted() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, number);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = wanted();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  file_ = nfq::Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

std::optional<Request> Signals::wait(std::chrono::milliseconds timeout) {
  pollfd waiting{.fd = file_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(timeout.count(), 0))) <= 0) return std::nullopt;
  signalfd_siginfo signal{};
  if (::read(file_.get(), &signal, sizeof signal) != sizeof signal) return std::nullopt;
  return signal.ssi_signo == SIGHUP ? Request::reload : Request::stop;
}

}  // namespace netscope
