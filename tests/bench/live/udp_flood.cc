// Sends UDP datagrams as fast as it can. Ports change with each datagram, so that a flow table would have work.
//
// usage: udp_flood ADDRESS SECONDS PAYLOAD_BYTES FLOWS          prints the number sent
#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  constexpr std::size_t kBurst = 64;
  if (argc != 5) {
    std::fprintf(stderr, "usage: udp_flood ADDRESS SECONDS PAYLOAD_BYTES FLOWS\n");
    return 2;
  }
  const std::chrono::duration<double> duration(std::atof(argv[2]));
  const auto flows = static_cast<std::size_t>(std::max(1, std::atoi(argv[4])));
  std::vector<char> payload(static_cast<std::size_t>(std::max(0, std::atoi(argv[3]))), 'x');
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  std::vector<sockaddr_in> destinations(flows);
  for (std::size_t i = 0; i < flows; ++i) {
    destinations[i].sin_family = AF_INET;
    destinations[i].sin_port = htons(static_cast<std::uint16_t>(1024 + i % 60000));
    if (::inet_pton(AF_INET, argv[1], &destinations[i].sin_addr) != 1) return 2;
  }
  iovec piece{.iov_base = payload.data(), .iov_len = payload.size()};
  std::array<mmsghdr, kBurst> datagrams{};
  for (mmsghdr& datagram : datagrams) {
    datagram.msg_hdr.msg_iov = &piece;
    datagram.msg_hdr.msg_iovlen = 1;
    datagram.msg_hdr.msg_namelen = sizeof(sockaddr_in);
  }
  unsigned long long sent = 0;
  const auto end = std::chrono::steady_clock::now() + duration;
  for (std::size_t next = 0; std::chrono::steady_clock::now() < end;) {
    for (mmsghdr& datagram : datagrams) datagram.msg_hdr.msg_name = &destinations[next++ % flows];
    const int count = ::sendmmsg(socket, datagrams.data(), kBurst, 0);
    if (count > 0) sent += static_cast<unsigned long long>(count);
  }
  std::printf("%llu\n", sent);
  return 0;
}
