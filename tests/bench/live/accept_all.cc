// The yardstick: the smallest program that accepts what a queue holds in the fastest way known, and looks at nothing.
// recvmmsg of 64 datagrams, their verdicts in one send, GSO, 8 MB of receive buffer. It shares nothing with the
// product.
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <array>
#include <cerrno>

#include "bench_threads.h"

namespace {

using netscope::bench::Count;
using netscope::bench::Options;
using netscope::bench::stop_with;

constexpr std::size_t kBurst = 64, kSlot = 65536 + 1280, kVerdict = 64;

nlmsghdr* begin(void* buffer, int kind, std::uint16_t flags, std::uint16_t queue) {
  nlmsghdr* const header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_QUEUE << 8 | kind);
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  auto* const general = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  *general = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(queue)};
  return header;
}

mnl_socket* open_queue(std::uint16_t queue) {
  mnl_socket* const socket = mnl_socket_open(NETLINK_NETFILTER);
  if (socket == nullptr || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) stop_with("netlink socket");
  int buffer_size = 8 << 20, on = 1;
  const timeval tenth{.tv_sec = 0, .tv_usec = 100000};
  ::setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &buffer_size, sizeof buffer_size);
  ::setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &tenth, sizeof tenth);
  mnl_socket_setsockopt(socket, NETLINK_NO_ENOBUFS, &on, sizeof on);

  alignas(8) std::array<char, 512> buffer;
  nlmsghdr* const request = begin(buffer.data(), NFQNL_MSG_CONFIG, NLM_F_ACK, queue);
  const nfqnl_msg_config_cmd bind{.command = NFQNL_CFG_CMD_BIND, ._pad = 0, .pf = 0};
  const nfqnl_msg_config_params copy{.copy_range = htonl(65535), .copy_mode = NFQNL_COPY_PACKET};
  mnl_attr_put(request, NFQA_CFG_CMD, sizeof bind, &bind);
  mnl_attr_put(request, NFQA_CFG_PARAMS, sizeof copy, &copy);
  mnl_attr_put_u32(request, NFQA_CFG_QUEUE_MAXLEN, htonl(8192));
  mnl_attr_put_u32(request, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
  mnl_attr_put_u32(request, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
  if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) stop_with("configuration");
  if (mnl_socket_recvfrom(socket, buffer.data(), buffer.size()) < 0) stop_with("configuration");
  const auto* const reply = reinterpret_cast<const nlmsghdr*>(buffer.data());
  errno = reply->nlmsg_type == NLMSG_ERROR ? -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(reply))->error : EBUSY;
  if (errno != 0) stop_with("configuration");
  return socket;
}

// The kernel puts the header with the id in front.
const nfqnl_msg_packet_hdr* packet_header(const nlmsghdr* message) {
  if (message->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)) return nullptr;
  const auto* const first = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, sizeof(nfgenmsg)));
  if (mnl_attr_get_type(first) != NFQA_PACKET_HDR) return nullptr;
  return static_cast<const nfqnl_msg_packet_hdr*>(mnl_attr_get_payload(first));
}

std::uint32_t mark_of(const nlmsghdr* message) {
  std::uint32_t mark = 0;
  const auto look = [](const nlattr* attribute, void* out) {
    if (mnl_attr_get_type(attribute) != NFQA_MARK) return MNL_CB_OK;
    *static_cast<std::uint32_t*>(out) = ntohl(mnl_attr_get_u32(attribute));
    return MNL_CB_STOP;
  };
  mnl_attr_parse(message, sizeof(nfgenmsg), look, &mark);
  return mark;
}

Count accept_all(std::uint16_t queue, const Options& options, const std::atomic<bool>& stop) {
  mnl_socket* const socket = open_queue(queue);
  std::vector<char> slots(kBurst * kSlot);
  alignas(8) std::array<char, kBurst * kVerdict> verdicts;
  std::array<iovec, kBurst> pieces{};
  std::array<mmsghdr, kBurst> datagrams{};
  for (std::size_t i = 0; i < kBurst; ++i) {
    pieces[i] = {.iov_base = slots.data() + i * kSlot, .iov_len = kSlot};
    datagrams[i].msg_hdr.msg_iov = &pieces[i];
    datagrams[i].msg_hdr.msg_iovlen = 1;
  }
  Count count;
  while (!stop) {
    const int received = ::recvmmsg(mnl_socket_get_fd(socket), datagrams.data(), kBurst, MSG_WAITFORONE, nullptr);
    std::size_t size = 0;
    for (int i = 0; i < received; ++i) {
      const auto* const message = static_cast<const nlmsghdr*>(pieces[static_cast<std::size_t>(i)].iov_base);
      const nfqnl_msg_packet_hdr* const packet = packet_header(message);
      if (packet == nullptr) continue;
      nlmsghdr* const answer = begin(verdicts.data() + size, NFQNL_MSG_VERDICT, 0, queue);
      const nfqnl_msg_verdict_hdr accept{.verdict = htonl(NF_ACCEPT), .id = packet->packet_id};
      mnl_attr_put(answer, NFQA_VERDICT_HDR, sizeof accept, &accept);
      if (options.mark_mask != 0) {
        mnl_attr_put_u32(answer, NFQA_MARK, htonl((mark_of(message) & ~options.mark_mask) | options.mark));
      }
      size += answer->nlmsg_len;
      ++count.packets;
    }
    if (size > 0 && mnl_socket_sendto(socket, verdicts.data(), size) < 0) stop_with("verdicts");
    count.bursts += size > 0;
  }
  mnl_socket_close(socket);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  return netscope::bench::accept_until_signal(netscope::bench::parse_options(argc, argv), accept_all);
}
