#include "app/gateway/single_instance.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace netscope {
namespace {

// A name in the abstract space of unix sockets: it belongs to a network namespace, as the kernel's rules do, and
// vanishes with its owner (unix(7)).
struct Name {
  sockaddr_un address{};
  socklen_t size = 0;
};

Name abstract_name() {
  constexpr std::string_view kText = "netscope-nfq";
  Name name;
  name.address.sun_family = AF_UNIX;
  kText.copy(&name.address.sun_path[1], sizeof name.address.sun_path - 1);
  name.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kText.size());
  return name;
}

os::Descriptor make_socket() {
  return os::Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

std::string holder() {
  const os::Descriptor socket = make_socket();
  const Name name = abstract_name();
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name.address), name.size) != 0 ||
      ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return "another process";
  }
  return "process " + std::to_string(peer.pid);
}

}  // namespace

Result<os::Descriptor> claim_single_instance() {
  os::Descriptor socket = make_socket();
  const Name name = abstract_name();
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name.address), name.size) == 0 &&
      ::listen(socket.get(), 1) == 0) {
    return socket;
  }
  if (errno != EADDRINUSE) {
    return std::unexpected(Error{"cannot bind a unix socket: " + std::string(std::strerror(errno))});
  }
  return std::unexpected(Error{"netscope-nfq filters here already (" + holder() +
                               "): stop that one first, or reload its rules with kill -HUP"});
}

}  // namespace netscope
