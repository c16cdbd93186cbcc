#include "linux/nfq/message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <algorithm>
#include <cstring>

namespace netscope::nfq {
namespace {

static_assert(kFailOpenFlag == NFQA_CFG_F_FAIL_OPEN && kGsoFlag == NFQA_CFG_F_GSO);

constexpr std::uint16_t message_type(int kind) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_QUEUE << 8 | kind);
}

// The headers of netlink are in the machine's own byte order; what the attributes hold is in the network's.
template <class Header>
Header header_at(Bytes bytes, std::size_t offset) {
  Header header;
  std::memcpy(&header, bytes.data() + offset, sizeof header);
  return header;
}

Reader value_of(const nlattr* attribute) {
  return Reader::whole(
      {static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)), mnl_attr_get_payload_len(attribute)});
}

void read_packet_header(Reader value, QueuedPacket& packet, bool& has_id) {
  const std::uint32_t id = value.u32();
  packet.ethertype = value.u16();
  packet.hook = value.u8();
  if (!value.ok()) return;
  packet.id = id;
  has_id = true;
}

void read_sender(Reader value, HardwareAddress& sender) {
  const std::uint16_t size = value.u16();
  value.skip(2);
  const Bytes octets = value.take(sender.octets.size());
  if (!value.ok() || size > octets.size()) return;
  std::copy_n(octets.begin(), size, sender.octets.begin());
  sender.size = static_cast<std::uint8_t>(size);
}

void read_socket_buffer_flags(Reader value, QueuedPacket& packet) {
  const std::uint32_t flags = value.u32();
  packet.gso = flags & NFQA_SKB_GSO;
  packet.checksum_not_ready = flags & NFQA_SKB_CSUMNOTREADY;
  packet.checksum_not_verified = flags & NFQA_SKB_CSUM_NOTVERIFIED;
}

// An attribute that is too short counts as zero.
void read_attribute(const nlattr* attribute, QueuedPacket& packet, bool& has_id) {
  Reader value = value_of(attribute);
  switch (mnl_attr_get_type(attribute)) {
    case NFQA_PACKET_HDR: return read_packet_header(value, packet, has_id);
    case NFQA_MARK: packet.mark = value.u32(); return;
    case NFQA_IFINDEX_INDEV: packet.in_interface = value.u32(); return;
    case NFQA_IFINDEX_OUTDEV: packet.out_interface = value.u32(); return;
    case NFQA_HWADDR: return read_sender(value, packet.sender);
    case NFQA_SKB_INFO: return read_socket_buffer_flags(value, packet);
    case NFQA_CAP_LEN: packet.size_on_wire = value.u32(); return;
    case NFQA_PAYLOAD: packet.data = value.rest(); return;
    default: return;  // of a later kernel, or of no use here
  }
}

MessageKind parse_packet(Bytes message, std::uint16_t queue, QueuedPacket& packet) {
  std::size_t at = sizeof(nlmsghdr);
  if (message.size() < at + sizeof(nfgenmsg)) return MessageKind::malformed;
  if (ntohs(header_at<nfgenmsg>(message, at).res_id) != queue) return MessageKind::foreign;
  packet = {};
  bool has_id = false;
  at += sizeof(nfgenmsg);
  while (at < message.size()) {
    const auto* attribute = reinterpret_cast<const nlattr*>(message.data() + at);
    if (!mnl_attr_ok(attribute, static_cast<int>(message.size() - at))) break;
    read_attribute(attribute, packet, has_id);
    at += MNL_ALIGN(std::size_t{mnl_attr_get_len(attribute)});
  }
  // The kernel tells the length only where it differs from what it copied.
  packet.size_on_wire = std::max(packet.size_on_wire, static_cast<std::uint32_t>(packet.data.size()));
  return has_id ? MessageKind::packet : MessageKind::malformed;
}

MessageKind parse_reply(Bytes message, Reply& reply) {
  if (message.size() < sizeof(nlmsghdr) + sizeof(nlmsgerr)) return MessageKind::malformed;
  const auto answer = header_at<nlmsgerr>(message, sizeof(nlmsghdr));
  if (answer.error > 0 || answer.error < -4095) return MessageKind::malformed;
  reply.error = -answer.error;
  reply.sequence = answer.msg.nlmsg_seq;
  reply.to_verdict = answer.msg.nlmsg_type == message_type(NFQNL_MSG_VERDICT);
  return MessageKind::reply;
}

nlmsghdr* begin_request(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence, Request& buffer) {
  nlmsghdr* const header = mnl_nlmsg_put_header(buffer.bytes.data());
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header->nlmsg_seq = sequence;
  return header;
}

nlmsghdr* begin_configuration(std::uint16_t queue, std::uint8_t command, std::uint32_t sequence, Request& buffer) {
  nlmsghdr* const header = begin_request(message_type(NFQNL_MSG_CONFIG), NLM_F_ACK, sequence, buffer);
  const nfgenmsg general{.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(queue)};
  std::memcpy(mnl_nlmsg_put_extra_header(header, sizeof general), &general, sizeof general);
  const nfqnl_msg_config_cmd order{.command = command, ._pad = 0, .pf = htons(AF_UNSPEC)};
  mnl_attr_put(header, NFQA_CFG_CMD, sizeof order, &order);
  return header;
}

Bytes finished(const nlmsghdr* header, const Request& buffer) {
  return {buffer.bytes.data(), header->nlmsg_len};
}

// A verdict as it lies in its message; without a mark it ends before the second attribute.
struct VerdictMessage {
  nlmsghdr header;
  nfgenmsg general;
  nlattr verdict_attribute;
  nfqnl_msg_verdict_hdr verdict;
  nlattr mark_attribute;
  std::uint32_t mark;
};
static_assert(sizeof(VerdictMessage) == kMaxVerdict);
constexpr std::size_t kMarkSize = sizeof(nlattr) + sizeof(std::uint32_t);

}  // namespace

MessageKind parse_message(Bytes datagram, std::uint16_t queue, QueuedPacket& packet, Reply& reply) {
  if (datagram.size() < sizeof(nlmsghdr)) return MessageKind::malformed;
  const auto header = header_at<nlmsghdr>(datagram, 0);
  if (header.nlmsg_len < sizeof header) return MessageKind::malformed;
  const Bytes message = datagram.first(std::min<std::size_t>(header.nlmsg_len, datagram.size()));
  switch (header.nlmsg_type) {
    case message_type(NFQNL_MSG_PACKET): return parse_packet(message, queue, packet);
    case NLMSG_ERROR: return parse_reply(message, reply);
    case NLMSG_NOOP: return MessageKind::nothing;
    default: return MessageKind::foreign;
  }
}

Bytes write_configuration(const Configuration& configuration, std::uint32_t sequence, Request& buffer) {
  nlmsghdr* const header = begin_configuration(configuration.queue, NFQNL_CFG_CMD_BIND, sequence, buffer);
  const nfqnl_msg_config_params copying{.copy_range = htonl(configuration.copy_range), .copy_mode = NFQNL_COPY_PACKET};
  mnl_attr_put(header, NFQA_CFG_PARAMS, sizeof copying, &copying);
  mnl_attr_put_u32(header, NFQA_CFG_QUEUE_MAXLEN, htonl(configuration.max_length));
  if (configuration.flags != 0) {
    mnl_attr_put_u32(header, NFQA_CFG_MASK, htonl(configuration.flags));
    mnl_attr_put_u32(header, NFQA_CFG_FLAGS, htonl(configuration.flags));
  }
  return finished(header, buffer);
}

Bytes write_privilege_question(std::uint32_t sequence, Request& buffer) {
  // Once this tied a queue to a protocol family; now the kernel checks the privilege and does nothing.
  return finished(begin_configuration(0, NFQNL_CFG_CMD_PF_BIND, sequence, buffer), buffer);
}

Bytes write_wake(Request& buffer) {
  return finished(begin_request(NLMSG_NOOP, 0, 0, buffer), buffer);
}

namespace {

std::uint32_t number_of(Ruling ruling) {
  switch (ruling) {
    case Ruling::accept: return NF_ACCEPT;
    case Ruling::drop: return NF_DROP;
    case Ruling::repeat: return NF_REPEAT;
  }
  return NF_DROP;
}

}  // namespace

std::size_t write_verdict(std::uint16_t queue, std::uint32_t id, std::uint32_t old_mark, const Answer& answer,
                          std::span<std::uint8_t> buffer) {
  const std::uint32_t mark = (old_mark & ~answer.mark_mask) | (answer.mark & answer.mark_mask);
  const std::size_t size = mark == old_mark ? kMaxVerdict - kMarkSize : kMaxVerdict;
  const std::uint32_t ruling = number_of(answer.ruling);
  const VerdictMessage message{
      .header = {.nlmsg_len = static_cast<std::uint32_t>(size),
                 .nlmsg_type = message_type(NFQNL_MSG_VERDICT),
                 .nlmsg_flags = NLM_F_REQUEST,
                 .nlmsg_seq = 0,
                 .nlmsg_pid = 0},
      .general = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(queue)},
      .verdict_attribute = {.nla_len = sizeof(nlattr) + sizeof(nfqnl_msg_verdict_hdr), .nla_type = NFQA_VERDICT_HDR},
      .verdict = {.verdict = htonl(ruling), .id = htonl(id)},
      .mark_attribute = {.nla_len = kMarkSize, .nla_type = NFQA_MARK},
      .mark = htonl(mark)};
  std::memcpy(buffer.data(), &message, size);
  return size;
}

}  // namespace netscope::nfq
