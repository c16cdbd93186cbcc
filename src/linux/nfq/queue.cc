#include "linux/nfq/queue.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "linux/nfq/queue_holder.h"
#include "linux/os/descriptor.h"

namespace netscope::nfq {
namespace {

constexpr std::uint32_t kCopyRange = 65535;

// Room for a datagram: the largest copy of a packet, and all that the kernel says about it. The distance between two is
// no multiple of a page, or the beginnings of all would fall into the same few lines of the cache.
constexpr std::size_t kSlot = 65536 + 1280;

// The kernel counts its own overhead against the buffer, and reports twice what was asked for (socket(7)).
constexpr int kBufferOverhead = 2;

constexpr int kSendAttempts = 8;
constexpr std::chrono::seconds kReplyTimeout{5};

std::string words_of(int code) {
  return std::strerror(code);
}

int set_receive_buffer(int socket, int bytes) {
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  int obtained = 0;
  socklen_t size = sizeof obtained;
  ::getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &obtained, &size);
  return obtained / kBufferOverhead;
}

}  // namespace

struct Queue::State {
  explicit State(const QueueOptions& wanted) : options(wanted) {}

  Result<void> open_socket();
  Result<void> configure();
  Result<int> ask(Bytes request, std::uint32_t sequence);
  Error explain_refusal(int code);

  Result<std::size_t> collect(std::chrono::milliseconds timeout);
  void take(Bytes datagram);
  void wait_at_most(std::chrono::milliseconds timeout);
  Result<void> send_request(Bytes request) const;
  Result<void> send_verdicts();
  std::string name() const { return "queue " + std::to_string(options.number); }

  QueueOptions options;
  QueueFeatures features;
  SocketCounters counters;
  os::Descriptor socket;
  std::uint32_t port = 0;
  std::chrono::milliseconds socket_timeout{0};

  std::unique_ptr<std::uint8_t[]> slots;
  std::array<iovec, kMaxBurst> pieces{};
  std::array<mmsghdr, kMaxBurst> datagrams{};

  // The burst. `held`: its verdicts are still to be sent. `early`: it came while the queue was being set up.
  std::array<QueuedPacket, kMaxBurst> packets{};
  std::array<Answer, kMaxBurst> answers{};
  std::size_t packet_count = 0;
  std::uint64_t answered = 0;  // one bit a packet
  bool held = false;
  bool early = false;
  Reply last_reply{};
  std::uint32_t last_id = 0;  // of the last packet; wraps
  std::array<std::uint8_t, kMaxBurst * kMaxVerdict> verdicts{};
};

Result<void> Queue::State::open_socket() {
  socket = os::Descriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (socket.get() < 0) {
    return failure("the kernel gives no netfilter socket: " + words_of(errno) + "; load its module nfnetlink");
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failure("a netfilter socket gets no address: " + words_of(errno));
  }
  port = address.nl_pid;
  features.receive_buffer = set_receive_buffer(socket.get(), options.receive_buffer);
  // Losses are counted by the kernel for each queue; errors would only end bursts. Where these are not known, the
  // program does without them.
  const int on = 1;
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);

  slots = std::make_unique_for_overwrite<std::uint8_t[]>(kMaxBurst * kSlot);
  for (std::size_t i = 0; i < kMaxBurst; ++i) {
    pieces[i] = {.iov_base = slots.get() + i * kSlot, .iov_len = kSlot};
    datagrams[i].msg_hdr.msg_iov = &pieces[i];
    datagrams[i].msg_hdr.msg_iovlen = 1;
  }
  return {};
}

// Takes the queue with all flags that are wanted, or as many of them as the kernel knows.
Result<void> Queue::State::configure() {
  const std::uint32_t open_flag = options.fail_open ? kFailOpenFlag : 0;
  Request buffer;
  std::uint32_t sequence = 0;
  for (const std::uint32_t flags : {kGsoFlag | open_flag, kGsoFlag, open_flag, 0u}) {
    ++sequence;
    const auto request = write_configuration(
        {.queue = options.number, .max_length = options.max_length, .copy_range = kCopyRange, .flags = flags}, sequence,
        buffer);
    features.gso = flags & kGsoFlag;
    features.fail_open = flags & kFailOpenFlag;
    const auto code = ask(request, sequence);
    if (!code) return std::unexpected(code.error());
    if (*code == 0) return {};
    if (*code != EOPNOTSUPP || flags == 0) return std::unexpected(explain_refusal(*code));
  }
  return {};
}

// Sends a request and waits for its reply; the errno that it holds. The kernel replies before it returns, so that only
// packets that came in between are in front. They make the first burst, unless they are more than one.
Result<int> Queue::State::ask(Bytes request, std::uint32_t sequence) {
  if (auto sent = send_request(request); !sent) return std::unexpected(sent.error());
  last_reply = {};
  const auto deadline = std::chrono::steady_clock::now() + kReplyTimeout;
  while (last_reply.sequence != sequence) {
    if (std::chrono::steady_clock::now() > deadline) return failure(name() + ": the kernel does not answer");
    if (auto sent = send_verdicts(); !sent) return std::unexpected(sent.error());
    const auto count = collect(std::chrono::seconds(1));
    if (!count) return std::unexpected(count.error());
    early = packet_count > 0;
  }
  return last_reply.error;
}

Error Queue::State::explain_refusal(int code) {
  Request buffer;
  const std::uint32_t sequence = last_reply.sequence + 1;
  if (code == EPERM && ask(write_privilege_question(sequence, buffer), sequence) == EPERM) {
    return {name() + " cannot be opened: that needs CAP_NET_ADMIN; run as root"};
  }
  if (code == EPERM || code == EBUSY) {
    return {name() + " is held by " + describe_holder(options.number) +
            R"(; stop that program, or choose other queues with "queues" in [live])"};
  }
  if (code == EINVAL || code == ENOENT || code == EOPNOTSUPP) {
    return {name() + " cannot be opened: " + words_of(code) + "; load the kernel's module nfnetlink_queue"};
  }
  return {name() + " cannot be opened: " + words_of(code)};
}

void Queue::State::wait_at_most(std::chrono::milliseconds timeout) {
  if (timeout == socket_timeout) return;
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timeval value{.tv_sec = whole.count(), .tv_usec = std::chrono::microseconds(timeout - whole).count()};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value) == 0) socket_timeout = timeout;
}

// Fills the burst with what is there; the number of datagrams, of which not all need to be packets. The wait is the
// receive call's own, so that a burst costs one call here, whether its packets were waited for or not.
Result<std::size_t> Queue::State::collect(std::chrono::milliseconds timeout) {
  packet_count = 0;
  answered = 0;
  if (timeout.count() > 0) wait_at_most(timeout);
  const int flags = timeout.count() > 0 ? MSG_WAITFORONE : MSG_DONTWAIT;
  const int count = ::recvmmsg(socket.get(), datagrams.data(), kMaxBurst, flags, nullptr);
  if (count < 0) {
    if (errno == ENOBUFS) ++counters.overruns;
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return 0;
    return failure(name() + ": packets cannot be received: " + words_of(errno));
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    take({slots.get() + i * kSlot, datagrams[i].msg_len});
  }
  held = packet_count > 0;
  counters.packets += packet_count;
  counters.bursts += held;
  return static_cast<std::size_t>(count);
}

void Queue::State::take(Bytes datagram) {
  Reply reply;
  switch (parse_message(datagram, options.number, packets[packet_count], reply)) {
    case MessageKind::packet:
      // Ids begin at 1 and have no gaps, in the order of the packets.
      counters.missed += packets[packet_count].id - last_id - 1;
      last_id = packets[packet_count].id;
      answers[packet_count++] = {.ruling = features.fail_open ? Ruling::accept : Ruling::drop};
      break;
    case MessageKind::reply:
      if (!reply.to_verdict) {
        last_reply = reply;
      } else if (reply.error != 0) {
        ++counters.refused_verdicts;
        counters.last_refusal = reply.error;
      }
      break;
    case MessageKind::nothing: break;
    case MessageKind::foreign: ++counters.foreign; break;
    case MessageKind::malformed: ++counters.malformed; break;
  }
}

// The kernel takes a message whole or not at all, and works it off before this returns.
Result<void> Queue::State::send_request(Bytes request) const {
  for (int attempt = 1;; ++attempt) {
    if (::send(socket.get(), request.data(), request.size(), 0) == static_cast<ssize_t>(request.size())) return {};
    const bool passing = errno == EINTR || errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM;
    if (!passing || attempt == kSendAttempts) {
      return failure(name() + ": the kernel takes no messages: " + words_of(errno));
    }
  }
}

Result<void> Queue::State::send_verdicts() {
  if (!held) return {};
  std::size_t size = 0;
  for (std::size_t i = 0; i < packet_count; ++i) {
    size +=
        write_verdict(options.number, packets[i].id, packets[i].mark, answers[i], std::span(verdicts).subspan(size));
  }
  if (auto sent = send_request(Bytes(verdicts).first(size)); !sent) return sent;
  counters.unanswered += packet_count - static_cast<std::size_t>(std::popcount(answered));
  held = false;
  return {};
}

Queue::Queue(std::unique_ptr<State> state) : state_(std::move(state)) {}
Queue::Queue(Queue&& other) noexcept = default;
Queue& Queue::operator=(Queue&& other) noexcept = default;
Queue::~Queue() = default;

Result<Queue> Queue::open(const QueueOptions& options) {
  auto state = std::make_unique<State>(options);
  if (auto opened = state->open_socket(); !opened) return std::unexpected(opened.error());
  if (auto configured = state->configure(); !configured) return std::unexpected(configured.error());
  return Queue(std::move(state));
}

std::uint16_t Queue::number() const {
  return state_->options.number;
}

const QueueFeatures& Queue::features() const {
  return state_->features;
}

const SocketCounters& Queue::counters() const {
  return state_->counters;
}

Result<std::span<const QueuedPacket>> Queue::receive(std::chrono::milliseconds timeout) {
  if (!std::exchange(state_->early, false)) {
    if (auto sent = state_->send_verdicts(); !sent) return std::unexpected(sent.error());
    if (auto count = state_->collect(timeout); !count) return std::unexpected(count.error());
  }
  return std::span<const QueuedPacket>(state_->packets).first(state_->packet_count);
}

void Queue::answer(std::size_t index, const Answer& answer) {
  if (index >= state_->packet_count) return;
  state_->answers[index] = answer;
  state_->answered |= std::uint64_t{1} << index;
}

Result<void> Queue::send() {
  return state_->send_verdicts();
}

Result<std::size_t> Queue::drain(const Answer& answer) {
  std::size_t drained = 0;
  // No more can have waited when this began; what comes while it runs must not keep it running.
  const std::size_t limit = std::size_t{state_->options.max_length} + kMaxBurst;
  while (drained < limit) {
    const bool was_early = std::exchange(state_->early, false);
    if (!was_early) {
      if (auto sent = state_->send_verdicts(); !sent) return std::unexpected(sent.error());
      const auto count = state_->collect(std::chrono::milliseconds(0));
      if (!count) return std::unexpected(count.error());
      if (*count == 0) break;
    }
    for (std::size_t i = 0; i < state_->packet_count; ++i) this->answer(i, answer);
    drained += state_->packet_count;
  }
  if (auto sent = state_->send_verdicts(); !sent) return std::unexpected(sent.error());
  return drained;
}

void Queue::wake() const {
  Request buffer;
  const Bytes message = write_wake(buffer);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_pid = state_->port;
  // A buffer that is too full for it (EAGAIN) has no need of it: the receiver has packets.
  while (::sendto(state_->socket.get(), message.data(), message.size(), MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
         errno == EINTR) {
  }
}

}  // namespace netscope::nfq
