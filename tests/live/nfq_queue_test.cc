// A queue of the kernel's, in a network namespace of its own: packets through the loopback device, queued by iptables.
#include "linux/nfq/queue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "linux/nfq/queue_counters.h"
#include "netscope/net/headers.h"

namespace netscope::nfq {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::uint16_t kQueue = 7;
constexpr std::uint16_t kPort = 9000;
constexpr seconds kPatience{60};  // for what must happen, which ends the wait; a slow machine takes its time
constexpr Answer kAccept{.ruling = Ruling::accept};
constexpr Answer kDrop{.ruling = Ruling::drop};

// All namespaces of a machine share one lock of iptables, where it is the one without nft.
std::string iptables(const std::string& words) {
  return "iptables -w " + std::to_string(kPatience.count()) + ' ' + words;
}

bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text.push_back(static_cast<char>(c));
  ::pclose(pipe);
  return text;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

os::Descriptor udp_receiver() {
  os::Descriptor receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int buffer = 32 << 20;
  ::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  const sockaddr_in address = loopback(kPort);
  EXPECT_EQ(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return receiver;
}

// Datagrams that hold their number, as text.
void send_datagrams(int count) {
  const os::Descriptor sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int buffer = 32 << 20;  // what waits in the queue is still the sender's
  ::setsockopt(sender.get(), SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  const sockaddr_in to = loopback(kPort);
  for (int i = 0; i < count; ++i) {
    const std::string text = std::to_string(i);
    // What is dropped on the way out is told the sender as EPERM.
    ::sendto(sender.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
}

// What has arrived, once `count` datagrams are there: the kernel may deliver them a moment after their verdict.
std::vector<std::string> received_by(const os::Descriptor& receiver, std::size_t count) {
  std::vector<std::string> all;
  std::array<char, 65536> buffer;
  for (;;) {
    pollfd waiting{.fd = receiver.get(), .events = POLLIN, .revents = 0};
    const milliseconds patience = all.size() < count ? kPatience : milliseconds(0);
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return all;
    const ssize_t size = ::recv(receiver.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return all;
    all.emplace_back(buffer.data(), static_cast<std::size_t>(size));
  }
}

std::vector<std::string> numbers(int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back(std::to_string(i));
  return all;
}

// Privileges belong to a thread, as long as it asks the kernel itself.
bool become_nobody() {
  constexpr int kNobody = 65534;
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 && ::syscall(SYS_setresgid, kNobody, kNobody, kNobody) == 0 &&
         ::syscall(SYS_setresuid, kNobody, kNobody, kNobody) == 0;
}

// The process's only netfilter socket: that of the queue under test.
int netfilter_socket() {
  for (int number = 3; number < 1024; ++number) {
    int domain = 0, protocol = -1;
    socklen_t size = sizeof domain;
    ::getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    ::getsockopt(number, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
    if (domain == AF_NETLINK && protocol == NETLINK_NETFILTER) return number;
  }
  return -1;
}

// Each test has its namespace, which ends with the process or with the next test.
class LiveQueue : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no network namespaces here";
    if (!run("ip link set lo up")) GTEST_SKIP() << "ip (iproute2) is missing";
    if (!run(iptables("-t mangle -A OUTPUT -p icmp -j NFQUEUE --queue-num 9"))) {
      GTEST_SKIP() << "iptables, or the kernel's NFQUEUE target, is missing";
    }
  }

  static void queue_packets(const std::string& protocol, const std::string& flags = "") {
    ASSERT_TRUE(run(iptables("-t mangle -A OUTPUT -p " + protocol + " -j NFQUEUE --queue-num " +
                             std::to_string(kQueue) + " " + flags)));
  }

  static Queue open(const QueueOptions& options = {.number = kQueue}) {
    auto queue = Queue::open(options);
    EXPECT_TRUE(queue) << queue.error().message;
    return std::move(*queue);
  }

  // Answers packets by `rule`, which gets each of them, until `count` were there or the patience is at its end.
  template <class Rule>
  static std::size_t answer_all(Queue& queue, std::size_t count, Rule rule) {
    std::size_t seen = 0;
    for (const auto deadline = steady_clock::now() + kPatience; seen < count && steady_clock::now() < deadline;) {
      const auto burst = queue.receive(milliseconds(200));
      EXPECT_TRUE(burst) << burst.error().message;
      if (!burst) break;
      for (std::size_t i = 0; i < burst->size(); ++i) queue.answer(i, rule((*burst)[i]));
      seen += burst->size();
      EXPECT_TRUE(queue.send());
    }
    return seen;
  }

  static QueueCounters kernel_counters() {
    const auto file = QueueCountersFile::open();
    EXPECT_TRUE(file) << file.error().message;
    const auto all = file->read();
    EXPECT_TRUE(all) << all.error().message;
    for (const QueueCounters& counters : *all) {
      if (counters.number == kQueue) return counters;
    }
    ADD_FAILURE() << "the kernel has no such queue";
    return {};
  }
};

TEST_F(LiveQueue, TheKernelTakesAllThatIsAsked) {
  const Queue queue = open({.number = kQueue, .fail_open = true});
  EXPECT_TRUE(queue.features().gso);
  EXPECT_TRUE(queue.features().fail_open);
  EXPECT_EQ(queue.features().receive_buffer, 8 << 20);
  EXPECT_EQ(queue.number(), kQueue);
  EXPECT_FALSE(open({.number = 8}).features().fail_open);
  EXPECT_EQ(kernel_counters().copy_mode, CopyMode::packet);
  EXPECT_EQ(kernel_counters().copy_range, 65531u);
}

TEST_F(LiveQueue, WhatIsAcceptedArrivesAndWhatIsDroppedDoesNot) {
  queue_packets("udp");
  Queue queue = open();
  const os::Descriptor receiver = udp_receiver();
  std::thread sender(send_datagrams, 10);
  const std::size_t seen = answer_all(queue, 10, [](const QueuedPacket& packet) {
    const Headers headers = decode_ip(packet.data, Tunnels::opaque);
    EXPECT_EQ(headers.status, HeaderStatus::ok);
    EXPECT_EQ(headers.destination_port, kPort);
    EXPECT_EQ(packet.size_on_wire, packet.data.size());
    EXPECT_EQ(packet.ethertype, 0x0800);
    EXPECT_EQ(packet.hook, 3);
    EXPECT_EQ(packet.in_interface, 0u);
    EXPECT_EQ(packet.out_interface, 1u);
    EXPECT_TRUE(packet.checksum_not_ready);
    EXPECT_FALSE(packet.gso);
    return as_text(headers.payload) < "5" ? kAccept : kDrop;
  });
  sender.join();
  EXPECT_EQ(seen, 10u);
  EXPECT_EQ(received_by(receiver, 5), numbers(5));
  EXPECT_EQ(queue.counters().packets, 10u);
  EXPECT_EQ(queue.counters().refused_verdicts, 0u);
  EXPECT_EQ(kernel_counters().depth, 0u);
}

TEST_F(LiveQueue, AMarkIsWrittenAndTheOtherBitsStay) {
  ASSERT_TRUE(run(iptables("-t mangle -A OUTPUT -p udp -j MARK --set-mark 0x77")));
  queue_packets("udp");
  ASSERT_TRUE(run(iptables("-t filter -A OUTPUT -p udp -m mark --mark 0x02000077")));
  ASSERT_TRUE(run(iptables("-t filter -A OUTPUT -p udp -m mark --mark 0x00000077")));
  Queue queue = open();
  std::thread sender(send_datagrams, 4);
  answer_all(queue, 4, [](const QueuedPacket& packet) {
    EXPECT_EQ(packet.mark, 0x77u);
    Answer answer = kAccept;
    if (packet.id != 2) answer.mark = 0x020000ff, answer.mark_mask = 0xff000000;
    return answer;
  });
  sender.join();
  const std::string rules = output_of(iptables("-t filter -vxnL OUTPUT"));
  EXPECT_NE(rules.find("\n       3 "), std::string::npos) << rules;
  EXPECT_NE(rules.find("\n       1 "), std::string::npos) << rules;
}

TEST_F(LiveQueue, ThousandsOfPacketsAreAllAnsweredInTheirOrder) {
  constexpr int kCount = 5000;
  queue_packets("udp");
  Queue queue = open();
  const os::Descriptor receiver = udp_receiver();
  send_datagrams(kCount);  // all of them wait before the first is read
  EXPECT_EQ(kernel_counters().depth, static_cast<std::uint32_t>(kCount));
  std::size_t largest = 0;
  std::uint32_t last_id = 0;
  for (std::size_t seen = 0; seen < kCount;) {
    const auto burst = queue.receive(kPatience);
    ASSERT_TRUE(burst && !burst->empty());
    for (std::size_t i = 0; i < burst->size(); ++i) {
      EXPECT_EQ((*burst)[i].id, ++last_id);
      queue.answer(i, kAccept);
    }
    ASSERT_TRUE(queue.send());
    seen += burst->size();
    largest = std::max(largest, burst->size());
  }
  EXPECT_EQ(largest, kMaxBurst);
  EXPECT_EQ(received_by(receiver, kCount), numbers(kCount));
  EXPECT_EQ(kernel_counters().depth, 0u);
  EXPECT_EQ(kernel_counters().last_id, static_cast<std::uint32_t>(kCount));
}

TEST_F(LiveQueue, WhatNobodyAnsweredGetsTheAnswerOfAFullQueue) {
  queue_packets("udp");
  for (const bool fail_open : {false, true}) {
    Queue queue = open({.number = kQueue, .fail_open = fail_open});
    const os::Descriptor receiver = udp_receiver();
    send_datagrams(3);
    const auto burst = queue.receive(kPatience);
    ASSERT_TRUE(burst);
    ASSERT_EQ(burst->size(), 3u);
    queue.answer(1, kAccept);
    queue.answer(3, kAccept);                     // there is no such packet
    ASSERT_TRUE(queue.receive(milliseconds(0)));  // sends what was not sent
    const std::size_t passed = fail_open ? 3 : 1;
    EXPECT_EQ(received_by(receiver, passed).size(), passed);
    EXPECT_EQ(queue.counters().unanswered, 2u);
    EXPECT_EQ(kernel_counters().depth, 0u);
  }
}

TEST_F(LiveQueue, AStopAnswersWhatStillWaits) {
  constexpr int kCount = 1000;
  queue_packets("udp");
  Queue queue = open();
  const os::Descriptor receiver = udp_receiver();
  send_datagrams(kCount);
  ASSERT_TRUE(run(iptables("-t mangle -F OUTPUT")));
  const auto drained = queue.drain(kAccept);
  ASSERT_TRUE(drained);
  EXPECT_EQ(*drained, static_cast<std::size_t>(kCount));
  EXPECT_EQ(received_by(receiver, kCount), numbers(kCount));
}

TEST_F(LiveQueue, ASecondHolderIsRefusedByNameOfTheFirst) {
  const Queue queue = open();
  const auto second = Queue::open({.number = kQueue});
  ASSERT_FALSE(second);
  const std::string& words = second.error().message;
  EXPECT_NE(words.find("queue 7 is held by process " + std::to_string(::getpid()) + " ("), std::string::npos) << words;
  EXPECT_NE(words.find("choose other queues"), std::string::npos) << words;
}

TEST_F(LiveQueue, WithoutPrivilegeTheErrorSaysSo) {
  std::thread([] {
    ASSERT_TRUE(become_nobody());
    const auto queue = Queue::open({.number = kQueue});
    ASSERT_FALSE(queue);
    EXPECT_EQ(queue.error().message, "queue 7 cannot be opened: that needs CAP_NET_ADMIN; run as root");
  }).join();
}

TEST_F(LiveQueue, TheCountersFileIsReadOnAfterPrivilegesAreGone) {
  const Queue queue = open();
  std::thread([] {
    const auto file = QueueCountersFile::open();
    ASSERT_TRUE(file);
    ASSERT_TRUE(become_nobody());
    EXPECT_FALSE(QueueCountersFile::open());
    for (int i = 0; i < 2; ++i) {
      const auto all = file->read();
      ASSERT_TRUE(all);
      ASSERT_EQ(all->size(), 1u);
      EXPECT_EQ(all->front().number, kQueue);
    }
  }).join();
}

TEST_F(LiveQueue, AFullQueueAcceptsOrDropsAsItWasTold) {
  constexpr std::uint32_t kCount = 200, kLength = 50;
  queue_packets("udp");
  for (const bool fail_open : {true, false}) {
    Queue queue = open({.number = kQueue, .fail_open = fail_open, .max_length = kLength});
    const os::Descriptor receiver = udp_receiver();
    send_datagrams(kCount);
    const std::size_t passed = fail_open ? kCount - kLength : 0;
    EXPECT_EQ(received_by(receiver, passed).size(), passed);
    EXPECT_EQ(kernel_counters().depth, kLength);
    EXPECT_EQ(kernel_counters().full_drops, fail_open ? 0u : kCount - kLength);
    ASSERT_TRUE(queue.drain(kAccept));
    EXPECT_EQ(received_by(receiver, kLength).size(), kLength);
  }
}

TEST_F(LiveQueue, TcpComesInPiecesLargerThanTheLinkTakes) {
  constexpr std::size_t kSize = 8 << 20;
  ASSERT_TRUE(run("ip link set lo mtu 1500"));
  queue_packets("tcp");
  Queue queue = open();
  const os::Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(kPort);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  std::thread client([&] {
    const os::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::vector<char> bytes(kSize, 'x');
    EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(kSize));
  });
  auto server = std::async(std::launch::async, [&] {
    const os::Descriptor socket(::accept(listener.get(), nullptr, nullptr));
    std::vector<char> buffer(1 << 16);
    std::size_t total = 0;
    for (ssize_t size = 1; size > 0; total += static_cast<std::size_t>(size)) {
      size = std::max<ssize_t>(::recv(socket.get(), buffer.data(), buffer.size(), 0), 0);
    }
    return total;
  });
  std::size_t largest = 0;
  bool all_whole = true, marked_as_gso = false;
  for (const auto deadline = steady_clock::now() + 2 * kPatience;
       server.wait_for(milliseconds(0)) != std::future_status::ready && steady_clock::now() < deadline;) {
    answer_all(queue, 1, [&](const QueuedPacket& packet) {
      largest = std::max(largest, packet.data.size());
      all_whole = all_whole && decode_ip(packet.data, Tunnels::opaque).status == HeaderStatus::ok;
      if (packet.data.size() > 1500) marked_as_gso = packet.gso;
      return kAccept;
    });
  }
  client.join();
  EXPECT_EQ(server.get(), kSize);
  EXPECT_GT(largest, 15000u);
  EXPECT_TRUE(all_whole);
  EXPECT_TRUE(marked_as_gso);
  EXPECT_EQ(kernel_counters().socket_drops, 0u);
}

TEST_F(LiveQueue, AWakeEndsAWaitAndATimeOutEndsItToo) {
  Queue queue = open();
  const auto begin = steady_clock::now();
  std::thread waker([&] {
    std::this_thread::sleep_for(milliseconds(50));
    queue.wake();
  });
  const auto woken = queue.receive(kPatience);
  EXPECT_TRUE(woken && woken->empty());
  EXPECT_LT(steady_clock::now() - begin, kPatience);
  waker.join();

  queue.wake();  // before the wait: it ends at once
  const auto again = steady_clock::now();
  ASSERT_TRUE(queue.receive(kPatience));
  EXPECT_LT(steady_clock::now() - again, kPatience);

  const auto timed = steady_clock::now();
  const auto nothing = queue.receive(milliseconds(30));
  EXPECT_TRUE(nothing && nothing->empty());
  EXPECT_GE(steady_clock::now() - timed, milliseconds(29));
  EXPECT_LT(steady_clock::now() - timed, kPatience);
  EXPECT_EQ(queue.counters().foreign + queue.counters().malformed, 0u);
}

// A queue that was given away in between has forgotten its packets; the others of the burst get their verdicts.
TEST_F(LiveQueue, ARefusedVerdictTakesNoneOfTheOthersWithIt) {
  queue_packets("udp");
  Queue queue = open();
  const os::Descriptor receiver = udp_receiver();
  send_datagrams(5);
  auto burst = queue.receive(kPatience);
  ASSERT_TRUE(burst);
  ASSERT_EQ(burst->size(), 5u);
  // Takes packet 3 away behind the queue's back, by a verdict of another making, but from the same socket.
  std::array<std::uint8_t, kMaxVerdict> verdict;
  const std::size_t size = write_verdict(kQueue, (*burst)[2].id, 0, kDrop, verdict);
  const int socket = netfilter_socket();
  ASSERT_GE(socket, 0);
  ASSERT_EQ(::send(socket, verdict.data(), size, 0), static_cast<ssize_t>(size));
  for (std::size_t i = 0; i < 5; ++i) queue.answer(i, kAccept);
  ASSERT_TRUE(queue.send());
  EXPECT_EQ(received_by(receiver, 4), (std::vector<std::string>{"0", "1", "3", "4"}));
  burst = queue.receive(milliseconds(0));
  EXPECT_TRUE(burst && burst->empty());
  EXPECT_EQ(queue.counters().refused_verdicts, 1u);
  EXPECT_EQ(queue.counters().last_refusal, ENOENT);
}

}  // namespace
}  // namespace netscope::nfq
