// Small datagrams to and fro, one at a time.
//
// usage: ping_pong PORT                    answers what comes, until a signal
//        ping_pong ADDRESS PORT SECONDS    prints the median round-trip time in microseconds
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSize = 32;

sockaddr_in endpoint(const char* address, const char* port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (::inet_pton(AF_INET, address, &out.sin_addr) != 1) std::exit(2);
  return out;
}

[[noreturn]] void stop_with(const char* what) {
  std::perror(what);
  std::exit(1);
}

[[noreturn]] void answer(int socket, const sockaddr_in& here) {
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) stop_with("bind");
  std::array<char, 2048> bytes;
  for (;;) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t count = ::recvfrom(socket, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 0) continue;
    ::sendto(socket, bytes.data(), static_cast<std::size_t>(count), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }
}

// A round that is lost ends with the time-out, and does not count.
std::vector<double> ask(int socket, const sockaddr_in& there, Clock::time_point end) {
  const timeval patience{.tv_sec = 0, .tv_usec = 200000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) stop_with("connect");
  std::array<char, kSize> bytes{};
  std::vector<double> microseconds;
  while (Clock::now() < end) {
    const auto begin = Clock::now();
    if (::send(socket, bytes.data(), bytes.size(), 0) < 0 || ::recv(socket, bytes.data(), bytes.size(), 0) < 0)
      continue;
    microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  return microseconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "usage: ping_pong PORT\n       ping_pong ADDRESS PORT SECONDS\n");
    return 2;
  }
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (socket < 0) stop_with("socket");
  if (argc == 2) answer(socket, endpoint("0.0.0.0", argv[1]));
  const auto duration = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(argv[3])));
  std::vector<double> rounds = ask(socket, endpoint(argv[1], argv[2]), Clock::now() + duration);
  if (rounds.empty()) {
    std::fprintf(stderr, "nobody answers\n");
    return 1;
  }
  const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
  std::nth_element(rounds.begin(), middle, rounds.end());
  std::printf("%.3f\n", *middle);
  return 0;
}
