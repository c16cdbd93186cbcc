// Sends UDP datagrams as fast as it can. Ports change with each datagram, so that a flow table would have work.
//
// usage: udp_flood ADDRESS SECONDS PAYLOAD_BYTES FLOWS [PORT]     prints the number sent
//
// Without PORT the destination's ports change. With it the source's do, and only beyond their number the destination's;
// that takes a raw socket, and so root.
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr std::size_t kBurst = 64;
constexpr std::size_t kFirstPort = 1024, kPorts = 60000;

std::uint16_t network_port(std::size_t number) {
  return htons(static_cast<std::uint16_t>(number));
}

struct Flood {
  sockaddr_in destination{};
  std::size_t payload = 0;
  std::size_t flows = 1;
  std::size_t port = 0;  // 0: the destination's ports change

  // Sends bursts until `end`: how many datagrams.
  unsigned long long run(std::chrono::steady_clock::time_point end);

 private:
  std::size_t header() const { return port != 0 ? sizeof(udphdr) : 0; }
  void address(std::size_t flow, sockaddr_in& to, char* datagram) const;
};

void Flood::address(std::size_t flow, sockaddr_in& to, char* datagram) const {
  const std::size_t varied = kFirstPort + flow % kPorts;
  if (port == 0) {
    to.sin_port = network_port(varied);
    return;
  }
  udphdr header{};  // without a checksum, as IPv4 allows
  header.source = network_port(varied);
  header.dest = network_port(port + flow / kPorts);
  header.len = network_port(sizeof header + payload);
  std::memcpy(datagram, &header, sizeof header);
}

unsigned long long Flood::run(std::chrono::steady_clock::time_point end) {
  const int socket = port != 0 ? ::socket(AF_INET, SOCK_RAW, IPPROTO_UDP) : ::socket(AF_INET, SOCK_DGRAM, 0);
  if (socket < 0) {
    std::perror("socket");
    std::exit(1);
  }
  const std::size_t size = header() + payload;
  std::vector<char> bytes(kBurst * size, 'x');
  std::array<sockaddr_in, kBurst> destinations;
  std::array<iovec, kBurst> pieces{};
  std::array<mmsghdr, kBurst> datagrams{};
  for (std::size_t i = 0; i < kBurst; ++i) {
    destinations[i] = destination;
    pieces[i] = {.iov_base = bytes.data() + i * size, .iov_len = size};
    datagrams[i].msg_hdr.msg_name = &destinations[i];
    datagrams[i].msg_hdr.msg_namelen = sizeof destinations[i];
    datagrams[i].msg_hdr.msg_iov = &pieces[i];
    datagrams[i].msg_hdr.msg_iovlen = 1;
  }
  unsigned long long sent = 0;
  for (std::size_t next = 0; std::chrono::steady_clock::now() < end;) {
    for (std::size_t i = 0; i < kBurst; ++i) address(next++ % flows, destinations[i], bytes.data() + i * size);
    const int count = ::sendmmsg(socket, datagrams.data(), kBurst, 0);
    if (count > 0) sent += static_cast<unsigned long long>(count);
  }
  return sent;
}

}  // namespace

int main(int argc, char** argv) {
  Flood flood;
  flood.destination.sin_family = AF_INET;
  if ((argc != 5 && argc != 6) || ::inet_pton(AF_INET, argv[1], &flood.destination.sin_addr) != 1) {
    std::fprintf(stderr, "usage: udp_flood ADDRESS SECONDS PAYLOAD_BYTES FLOWS [PORT]\n");
    return 2;
  }
  const std::chrono::duration<double> duration(std::atof(argv[2]));
  flood.payload = static_cast<std::size_t>(std::max(0, std::atoi(argv[3])));
  flood.flows = static_cast<std::size_t>(std::max(1, std::atoi(argv[4])));
  if (argc == 6) flood.port = static_cast<std::size_t>(std::max(0, std::atoi(argv[5])));
  const auto begin = std::chrono::steady_clock::now();
  std::printf("%llu\n", flood.run(begin + std::chrono::duration_cast<std::chrono::nanoseconds>(duration)));
  return 0;
}
