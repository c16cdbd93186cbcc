// One netfilter queue: bursts of packets in, their verdicts out. One thread owns it; only wake() may be called by
// others.
//
//   auto queue = nfq::Queue::open({.number = 0});
//   for (;;) {
//     auto burst = queue->receive(timeout);
//     for (std::size_t i = 0; i < burst->size(); ++i) queue->answer(i, {nfq::Ruling::accept});
//     queue->send();
//   }
//
// A burst costs two system calls. Every packet that receive() hands out gets one verdict and no more, whatever its
// caller does: what was not answered when send() is called gets the answer that a full queue would give.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "linux/nfq/message.h"
#include "netscope/base/result.h"

namespace netscope::nfq {

// Packets in one burst, at most.
inline constexpr std::size_t kMaxBurst = 64;
// Packets that wait in the kernel, unless told otherwise.
inline constexpr std::uint32_t kQueueLength = 8192;

struct QueueOptions {
  std::uint16_t number = 0;
  bool fail_open = false;  // a full queue accepts what comes; else it drops
  std::uint32_t max_length = kQueueLength;
  int receive_buffer = 8 << 20;  // bytes; beyond net.core.rmem_max only with CAP_NET_ADMIN
};

// What the kernel made of the options.
struct QueueFeatures {
  bool gso = false;        // large packets come in one piece; without it TCP is several times slower
  bool fail_open = false;  // false though it was asked for: a full queue drops
  int receive_buffer = 0;  // bytes that were obtained
};

// Since the queue was opened.
struct SocketCounters {
  std::uint64_t packets = 0;           // handed out
  std::uint64_t bursts = 0;            // that were not empty
  std::uint64_t missed = 0;            // ids that never came: the receive buffer was full, and the packet dropped or,
                                       // if the queue fails open, let through
  std::uint64_t unanswered = 0;        // packets for which answer() was not called
  std::uint64_t refused_verdicts = 0;  // the kernel had no such packet any more
  std::uint64_t malformed = 0;         // messages that cannot be read, or packets without an id
  std::uint64_t foreign = 0;           // messages of somebody else
  std::uint64_t overruns = 0;          // times that the kernel found the receive buffer full (ENOBUFS)
  int last_refusal = 0;                // errno of the last refused verdict; 0: none
};

class Queue {
 public:
  // Takes the queue, with CAP_NET_ADMIN. An error names the queue, who holds it where that can be told, and the remedy.
  // A flag that the kernel does not know is no error; features() tells.
  static Result<Queue> open(const QueueOptions& options);

  Queue(Queue&& other) noexcept;
  Queue& operator=(Queue&& other) noexcept;
  ~Queue();  // what waits in the kernel then is dropped, whatever fail_open says: see drain()

  std::uint16_t number() const;
  const QueueFeatures& features() const;
  const SocketCounters& counters() const;

  // Waits for packets, at most as long as told (0 or less: not at all; the kernel rounds up to its ticks, some
  // milliseconds), and takes all that are there, up to kMaxBurst. Empty: time-out, wake(), a signal, or messages that
  // are no packets. The packets and their data live until the next call. Sends first what send() has not.
  // Errors: the socket failed (recvmmsg(2)), or the verdicts before cannot be sent.
  Result<std::span<const QueuedPacket>> receive(std::chrono::milliseconds timeout);

  // Notes the answer for packet `index` of the last burst; the last one for a packet counts.
  void answer(std::size_t index, const Answer& answer);

  // Sends the verdicts of the whole burst, in its order, in one system call. A verdict that the kernel refuses takes
  // none of the others with it. After an error the verdicts are kept, and the next call tries again.
  Result<void> send();

  // Gives `answer` to all that wait now. For an orderly stop, after the rules that fill the queue are gone. How many.
  Result<std::size_t> drain(const Answer& answer);

  // Ends a wait in receive(), or the next one. From any thread, as long as the queue is neither moved nor destroyed.
  // Needs CAP_NET_ADMIN, as every verdict does. What is told by it must be set before.
  void wake() const;

 private:
  struct State;
  explicit Queue(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace netscope::nfq
