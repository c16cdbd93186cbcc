#include "app/gateway/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace netscope {
namespace {

sigset_t wanted() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) ::sigaddset(&set, number);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = wanted();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  file_ = os::Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

std::optional<Request> Signals::wait(std::chrono::milliseconds timeout, int also) {
  std::array<pollfd, 2> waiting{
      {{.fd = file_.get(), .events = POLLIN, .revents = 0}, {.fd = also, .events = POLLIN, .revents = 0}}};
  if (::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(timeout.count(), 0))) <= 0)
    return std::nullopt;
  signalfd_siginfo signal{};
  if (::read(file_.get(), &signal, sizeof signal) != sizeof signal) return std::nullopt;
  switch (signal.ssi_signo) {
    case SIGHUP: return Request::reload;
    case SIGUSR1: return Request::rotate;
    default: return Request::stop;
  }
}

}  // namespace netscope
