#include "app/control/control_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace netscope {
namespace {

std::unexpected<Error> failed(const std::string& path, const char* what) {
  return failure("control socket " + path + ": " + what + ": " + std::strerror(errno) +
                 "; name another with --control PATH");
}

bool answers(const sockaddr_un& address) {
  const os::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

constexpr std::string_view kTooLong =
    R"({"status":413,"body":{"error":{"message":"the request is longer than 2 MiB"}}})"
    "\n";

}  // namespace

Result<ControlSocket> ControlSocket::open(const std::string& path, long group) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return failure("control socket " + path + ": the path is too long");
  path.copy(&address.sun_path[0], path.size());
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return failure("control socket " + path + ": is a file; name another path");
    if (answers(address)) return failure("control socket " + path + ": another netscope-nfq has it");
    ::unlink(path.c_str());
  }
  ControlSocket out;
  out.path_ = path;
  out.listener_ = os::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const mode_t before = ::umask(0117);
  const int bound = ::bind(out.listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int code = errno;
  ::umask(before);
  errno = code;
  if (bound != 0) return failed(path, "cannot be made");
  if (group >= 0 && ::chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group)) != 0) {
    return failed(path, "cannot be given to its group");
  }
  if (::listen(out.listener_.get(), SOMAXCONN) != 0) return failed(path, "cannot be listened at");
  out.events_ = os::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event wanted{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(out.events_.get(), EPOLL_CTL_ADD, out.listener_.get(), &wanted) != 0) {
    return failed(path, "cannot be waited for");
  }
  return out;
}

void ControlSocket::remove() {
  ::unlink(path_.c_str());
}

void ControlSocket::serve(SteadyTime now, const Answer& answer) {
  std::array<epoll_event, kMaxControlClients + 1> ready;
  const int count = ::epoll_wait(events_.get(), ready.data(), static_cast<int>(ready.size()), 0);
  bool newcomers = false;
  for (int i = 0; i < count; ++i) {
    auto* const client = static_cast<Client*>(ready[static_cast<std::size_t>(i)].data.ptr);
    if (client == nullptr) {
      newcomers = true;
    } else {
      if (!client->unsent.empty()) send_to(*client);
      if (client->unsent.empty()) read_from(*client, now, answer);
      watch(*client);
    }
  }
  clients_.remove_if([now](const Client& client) { return client.gone || now - client.heard > kControlIdle; });
  if (newcomers) accept_clients(now);
}

void ControlSocket::accept_clients(SteadyTime now) {
  for (;;) {
    os::Descriptor file(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (file.get() < 0) return;
    if (clients_.size() >= kMaxControlClients) continue;
    clients_.emplace_back();
    Client& client = clients_.back();
    client.file = std::move(file);
    client.heard = now;
    epoll_event wanted{.events = EPOLLIN, .data = {.ptr = &client}};
    if (::epoll_ctl(events_.get(), EPOLL_CTL_ADD, client.file.get(), &wanted) != 0) clients_.pop_back();
  }
}

void ControlSocket::read_from(Client& client, SteadyTime now, const Answer& answer) {
  std::array<char, 65536> piece;
  const ssize_t count = ::recv(client.file.get(), piece.data(), piece.size(), 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) client.gone = true;
  if (count <= 0) return;
  client.heard = now;
  client.received.append(piece.data(), static_cast<std::size_t>(count));
  answer_lines(client, answer);
  send_to(client);
}

void ControlSocket::answer_lines(Client& client, const Answer& answer) {
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = client.received.find('\n', begin)) != std::string::npos; begin = end + 1) {
    client.unsent += answer(std::string_view(client.received).substr(begin, end - begin));
    client.unsent += '\n';
    if (client.unsent.size() > kMaxControlBacklog) {
      client.gone = true;
      return;
    }
  }
  client.received.erase(0, begin);
  if (client.received.size() <= kMaxControlRequest) return;
  client.unsent += kTooLong;
  send_to(client);
  client.gone = true;
}

void ControlSocket::send_to(Client& client) {
  std::size_t sent = 0;
  while (sent < client.unsent.size()) {
    const ssize_t count =
        ::send(client.file.get(), client.unsent.data() + sent, client.unsent.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      client.gone = client.gone || errno != EAGAIN;
      break;
    }
    sent += static_cast<std::size_t>(count);
  }
  client.unsent.erase(0, sent);
}

// Who has not read the last answer is not read from.
void ControlSocket::watch(Client& client) {
  epoll_event wanted{.events = client.unsent.empty() ? EPOLLIN : EPOLLOUT, .data = {.ptr = &client}};
  ::epoll_ctl(events_.get(), EPOLL_CTL_MOD, client.file.get(), &wanted);
}

}  // namespace netscope
