// The messages of a netfilter queue as bytes: what the kernel sends, read; what it wants to hear, written. Pure
// functions, without a socket. The format is that of linux/netfilter/nfnetlink_queue.h, within
// linux/netfilter/nfnetlink.h, within linux/netlink.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "netscope/base/bytes.h"

namespace netscope::nfq {

// The link layer's address of who sent the packet to this machine; the kernel tells at most eight bytes.
struct HardwareAddress {
  std::array<std::uint8_t, 8> octets{};
  std::uint8_t size = 0;  // 6 on Ethernet; 0: not known, as for packets of this machine

  Bytes bytes() const { return {octets.data(), size}; }
  bool operator==(const HardwareAddress&) const = default;
};

// A packet that waits for its verdict.
struct QueuedPacket {
  Bytes data;                          // from its IP header on, as far as the kernel copied it; views the datagram
  std::uint32_t id = 0;                // the queue's name for it; counts up from 1 and wraps
  std::uint32_t size_on_wire = 0;      // bytes from the IP header on; more than data.size() when the copy was cut off
  std::uint32_t mark = 0;              // of the packet, before the verdict
  std::uint32_t in_interface = 0;      // the kernel's index; 0: none, the packet is of this machine
  std::uint32_t out_interface = 0;     // 0: none, or not known yet
  std::uint16_t ethertype = 0;         // 0x0800 IPv4, 0x86dd IPv6
  std::uint8_t hook = 0;               // NF_INET_* of linux/netfilter.h: 1 input, 2 forward, 3 output
  bool gso = false;                    // several segments in one; larger than any link would take
  bool checksum_not_ready = false;     // the transport's checksum is to be filled in later: it looks wrong, and is not
  bool checksum_not_verified = false;  // nobody has looked at the transport's checksum yet
  HardwareAddress sender{};
};

enum class MessageKind : std::uint8_t {
  packet,  // without payload its data is empty
  reply,
  nothing,    // without meaning (NLMSG_NOOP): what wakes a waiting queue
  foreign,    // of another subsystem or another queue
  malformed,  // too short, or a packet without an id: nobody could answer it
};

// What the kernel says of a message that it was sent.
struct Reply {
  int error = 0;               // errno; 0: done
  std::uint32_t sequence = 0;  // of the message that this answers
  bool to_verdict = false;     // that message was a verdict
};

// Reads the message that one datagram holds; the kernel never puts a second one there, and what follows is passed over.
// A datagram that ended too early (the buffer was too small for it) is read as far as it goes: what has an id can be
// answered. Of `packet` and `reply`, the one that the answer names is filled in; the other stays as it is.
MessageKind parse_message(Bytes datagram, std::uint16_t queue, QueuedPacket& packet, Reply& reply);

// Bits of NFQA_CFG_FLAGS.
inline constexpr std::uint32_t kFailOpenFlag = 1, kGsoFlag = 4;

struct Configuration {
  std::uint16_t queue = 0;
  std::uint32_t max_length = 0;  // packets
  std::uint32_t copy_range = 0;  // bytes of each packet; the kernel lowers it to 65531
  std::uint32_t flags = 0;       // bits that are set; all others that this layer knows are cleared
};

// A buffer of this size takes each of the messages below.
struct Request {
  alignas(8) std::array<std::uint8_t, 128> bytes{};
};

// Takes the queue and sets all that it shall be, in one message: between two the kernel would drop packets. With
// kernels from 4.5 on, a flag that is not known (EOPNOTSUPP) leaves the queue untaken. The answer is a reply of
// `sequence`.
Bytes write_configuration(const Configuration& configuration, std::uint32_t sequence, Request& buffer);

// A request that does nothing, for which the kernel asks for the same privilege. The answer is a reply of `sequence`.
Bytes write_privilege_question(std::uint32_t sequence, Request& buffer);

// What wakes a waiting queue: a message of kind `nothing`.
Bytes write_wake(Request& buffer);

enum class Ruling : std::uint8_t {
  accept,
  drop,
  repeat,  // the chain that queued it looks at it once more; the mark has to keep it from queueing it again
};

// The answer for one packet. The bits of `mark_mask` in the packet's mark become those of `mark`.
struct Answer {
  Ruling ruling = Ruling::accept;
  std::uint32_t mark = 0;
  std::uint32_t mark_mask = 0;  // 0: the mark stays as it is
};

// Bytes of a verdict with a mark; without one it is eight bytes shorter.
inline constexpr std::size_t kMaxVerdict = 40;

// Writes the verdict for one packet, ready to be followed by the next one. `old_mark` is the packet's. `buffer` holds
// at least kMaxVerdict bytes. The number of bytes written. The kernel replies only when it refuses the verdict.
std::size_t write_verdict(std::uint16_t queue, std::uint32_t id, std::uint32_t old_mark, const Answer& answer,
                          std::span<std::uint8_t> buffer);

}  // namespace netscope::nfq
