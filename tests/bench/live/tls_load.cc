// Beginnings of TLS connections, as many as the path carries: a real ClientHello, each with its own name, is answered
// by a ServerHello and some records, and the client says goodbye. Neither side computes, so that the path is what
// is measured.
//
// usage: tls_load PORT                                answers on kPorts ports, until a signal
//        tls_load ADDRESS PORT SECONDS CONNECTIONS    keeps so many under way; prints the number completed a second
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "support/payloads.h"

namespace {

using Clock = std::chrono::steady_clock;
using netscope::test::Buffer;

constexpr int kPorts = 16;  // so that the client does not run out of its own
constexpr int kBacklog = 4096, kEvents = 256;
constexpr std::string_view kNumber = "0000000";
constexpr std::size_t kServerRecords = 2048;

Buffer make_answer() {
  Buffer answer = netscope::test::server_hello();
  const Buffer more = netscope::test::tls_application_data(kServerRecords);
  answer.insert(answer.end(), more.begin(), more.end());
  return answer;
}

[[noreturn]] void stop_with(const char* what) {
  std::perror(what);
  std::exit(1);
}

void watch(int epoll, int socket, std::uint32_t events, int how = EPOLL_CTL_ADD) {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  if (::epoll_ctl(epoll, how, socket, &event) != 0) stop_with("epoll_ctl");
}

int tcp_socket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (socket < 0) stop_with("socket");
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

std::uint16_t network_port(int port) {
  return htons(static_cast<std::uint16_t>(port));
}

// How many bytes arrived on each connection, by its descriptor.
class Received {
 public:
  std::size_t& operator[](int socket) {
    const auto index = static_cast<std::size_t>(socket);
    if (index >= bytes_.size()) bytes_.resize(index + 1);
    return bytes_[index];
  }

 private:
  std::vector<std::size_t> bytes_;
};

class Server {
 public:
  explicit Server(int first_port, std::size_t hello_size) : hello_size_(hello_size) {
    for (int i = 0; i < kPorts; ++i) {
      const int socket = tcp_socket();
      sockaddr_in here{};
      here.sin_family = AF_INET;
      here.sin_port = network_port(first_port + i);
      if (::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) stop_with("bind");
      if (::listen(socket, kBacklog) != 0) stop_with("listen");
      watch(epoll_, socket, EPOLLIN);
      last_listener_ = std::max(last_listener_, socket);
    }
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEvents> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), kEvents, -1);
      for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<std::size_t>(i)].data.fd;
        if (socket <= last_listener_) {
          welcome(socket);
        } else {
          serve(socket);
        }
      }
    }
  }

 private:
  void welcome(int listener) {
    for (;;) {
      const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
      if (socket < 0) return;
      received_[socket] = 0;
      watch(epoll_, socket, EPOLLIN);
    }
  }

  void serve(int socket) {
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (count <= 0) {
      if (count == 0 || errno != EAGAIN) ::close(socket);
      return;
    }
    std::size_t& received = received_[socket];
    const bool whole_before = received >= hello_size_;
    received += static_cast<std::size_t>(count);
    if (!whole_before && received >= hello_size_) ::send(socket, answer_.data(), answer_.size(), MSG_NOSIGNAL);
  }

  int epoll_ = ::epoll_create1(0);
  std::size_t hello_size_;
  int last_listener_ = 0;
  Buffer answer_ = make_answer();
  Received received_;
};

class Client {
 public:
  Client(const char* address, int first_port, Buffer hello) : first_port_(first_port), hello_(std::move(hello)) {
    there_.sin_family = AF_INET;
    if (::inet_pton(AF_INET, address, &there_.sin_addr) != 1) std::exit(2);
    number_ = std::search(hello_.begin(), hello_.end(), kNumber.begin(), kNumber.end()) - hello_.begin();
  }

  // Completed connections a second.
  double run(std::chrono::duration<double> duration, int connections) {
    for (int i = 0; i < connections; ++i) begin();
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration_cast<Clock::duration>(duration);
    std::array<epoll_event, kEvents> events;
    while (Clock::now() < end) {
      const int count = ::epoll_wait(epoll_, events.data(), kEvents, 100);
      for (int i = 0; i < count; ++i) go_on(events[static_cast<std::size_t>(i)]);
    }
    return static_cast<double>(completed_) / std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  void begin() {
    const int socket = tcp_socket();
    there_.sin_port = network_port(first_port_ + static_cast<int>(begun_++ % kPorts));
    received_[socket] = 0;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&there_), sizeof there_) != 0 && errno != EINPROGRESS) {
      stop_with("connect");
    }
    watch(epoll_, socket, EPOLLOUT);
  }

  void go_on(const epoll_event& event) {
    const int socket = event.data.fd;
    if ((event.events & EPOLLERR) != 0) {
      std::fprintf(stderr, "a connection failed\n");
      std::exit(1);
    }
    if ((event.events & EPOLLOUT) != 0) return greet(socket);
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count > 0 && (received_[socket] += static_cast<std::size_t>(count)) < answer_size_) return;
    completed_ += count > 0;
    ::close(socket);
    begin();
  }

  void greet(int socket) {
    std::string digits = std::to_string(begun_);
    digits.insert(0, kNumber.size() - std::min(digits.size(), kNumber.size()), '0');
    std::copy_n(digits.end() - kNumber.size(), kNumber.size(), hello_.begin() + number_);
    if (::send(socket, hello_.data(), hello_.size(), MSG_NOSIGNAL) < 0) stop_with("send");
    watch(epoll_, socket, EPOLLIN, EPOLL_CTL_MOD);
  }

  int epoll_ = ::epoll_create1(0);
  sockaddr_in there_{};
  int first_port_;
  Buffer hello_;
  std::ptrdiff_t number_ = 0;  // where the name's digits stand in it
  std::size_t answer_size_ = make_answer().size();
  unsigned long long begun_ = 0, completed_ = 0;
  Received received_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 5) {
    std::fprintf(stderr, "usage: tls_load PORT\n       tls_load ADDRESS PORT SECONDS CONNECTIONS\n");
    return 2;
  }
  Buffer hello = netscope::test::client_hello("host" + std::string(kNumber) + ".example.org", {.padded_to = 517});
  if (argc == 2) Server(std::atoi(argv[1]), hello.size()).run();
  Client client(argv[1], std::atoi(argv[2]), std::move(hello));
  std::printf("%.1f\n", client.run(std::chrono::duration<double>(std::atof(argv[3])), std::atoi(argv[4])));
  return 0;
}
