#include "linux/netfilter/conntrack.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

namespace netscope::netfilter {
namespace {

struct Close {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, Close>;

Error failed(const char* what, int error) {
  return Error{std::string("connection tracking: cannot ") + what + ": " + std::strerror(error)};
}

Result<Socket> open_socket() {
  Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (socket == nullptr || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    return std::unexpected(failed("open a netlink socket", errno));
  }
  return socket;
}

nlmsghdr* begin_message(void* buffer, std::uint16_t type, std::uint16_t flags, std::uint8_t family) {
  nlmsghdr* const header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  auto* const generic = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  generic->nfgen_family = family;
  generic->version = NFNETLINK_V0;
  return header;
}

// What names a connection: the attributes of its original tuple and its zone, as the kernel wrote them.
struct Connection {
  std::uint8_t family = 0;
  std::uint32_t mark = 0;
  std::vector<std::uint8_t> tuple;
  std::optional<std::uint16_t> zone;  // network byte order
};

int take_attribute(const nlattr* attribute, void* out) {
  Connection& connection = *static_cast<Connection*>(out);
  switch (mnl_attr_get_type(attribute)) {
    case CTA_TUPLE_ORIG: {
      const auto* const begin = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
      connection.tuple.assign(begin, begin + mnl_attr_get_payload_len(attribute));
      break;
    }
    case CTA_MARK:
      if (mnl_attr_validate(attribute, MNL_TYPE_U32) == 0) connection.mark = ntohl(mnl_attr_get_u32(attribute));
      break;
    case CTA_ZONE:
      if (mnl_attr_validate(attribute, MNL_TYPE_U16) == 0) connection.zone = mnl_attr_get_u16(attribute);
      break;
    default: break;
  }
  return MNL_CB_OK;
}

int take_connection(const nlmsghdr* header, void* out) {
  Connection connection;
  connection.family = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(header))->nfgen_family;
  mnl_attr_parse(header, sizeof(nfgenmsg), take_attribute, &connection);
  static_cast<std::vector<Connection>*>(out)->push_back(std::move(connection));
  return MNL_CB_OK;
}

// All connections with one value of our bits; the kernel filters.
Result<std::vector<Connection>> connections_with(std::uint32_t mark, std::uint32_t mask) {
  auto socket = open_socket();
  if (!socket) return std::unexpected(socket.error());
  std::array<std::uint8_t, 256> request{};
  nlmsghdr* const header = begin_message(request.data(), IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
  header->nlmsg_seq = 1;
  mnl_attr_put_u32(header, CTA_MARK, htonl(mark));
  mnl_attr_put_u32(header, CTA_MARK_MASK, htonl(mask));
  if (mnl_socket_sendto(socket->get(), header, header->nlmsg_len) < 0) return std::unexpected(failed("ask", errno));
  std::vector<Connection> found;
  std::vector<std::uint8_t> buffer(std::size_t{1} << 16);
  for (;;) {
    const ssize_t size = mnl_socket_recvfrom(socket->get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::unexpected(failed("list connections", errno));
    const int more = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 1, mnl_socket_get_portid(socket->get()),
                                take_connection, &found);
    if (more < 0) return std::unexpected(failed("list connections", errno));
    if (more == MNL_CB_STOP) return found;
  }
}

// Sends many changes at once. What the kernel refuses (ENOENT: the connection has ended) it says without being asked,
// and is not listened to.
Result<void> clear(const mnl_socket* socket, const std::vector<Connection>& connections, std::uint32_t mask) {
  std::vector<std::uint8_t> buffer(std::size_t{1} << 16);
  mnl_nlmsg_batch* const batch = mnl_nlmsg_batch_start(buffer.data(), buffer.size() - 4096);
  const auto send = [&]() -> Result<void> {
    if (mnl_nlmsg_batch_is_empty(batch)) return {};
    if (mnl_socket_sendto(socket, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) < 0) {
      return std::unexpected(failed("clear marks", errno));
    }
    mnl_nlmsg_batch_reset(batch);
    return {};
  };
  Result<void> result;
  for (const Connection& connection : connections) {
    // ctnetlink: new mark = (mark & ~CTA_MARK_MASK) ^ CTA_MARK
    nlmsghdr* const header = begin_message(mnl_nlmsg_batch_current(batch), IPCTNL_MSG_CT_NEW, 0, connection.family);
    mnl_attr_put(header, CTA_TUPLE_ORIG | NLA_F_NESTED, connection.tuple.size(), connection.tuple.data());
    if (connection.zone) mnl_attr_put_u16(header, CTA_ZONE, *connection.zone);
    mnl_attr_put_u32(header, CTA_MARK, 0);
    mnl_attr_put_u32(header, CTA_MARK_MASK, htonl(mask));
    if (!mnl_nlmsg_batch_next(batch)) {
      // The batch is full without this message, which begins the next one.
      result = send();
      if (!result) break;
    }
  }
  if (result) result = send();
  mnl_nlmsg_batch_stop(batch);
  return result;
}

}  // namespace

Result<void> may_clear_marks() {
  constexpr std::uint32_t kNobodys = 0x5a5aa5a5;
  if (const auto found = connections_with(kNobodys, 0xffffffff); !found) return std::unexpected(found.error());
  return {};
}

Result<std::size_t> clear_marks(const Marks& marks) {
  std::size_t count = 0;
  auto socket = open_socket();
  if (!socket) return std::unexpected(socket.error());
  for (const std::uint32_t value :
       {marks.accept_flow(), marks.drop_flow(), marks.reject_flow(), marks.reject_packet()}) {
    const auto found = connections_with(value, marks.mask);
    if (!found) return std::unexpected(found.error());
    if (auto cleared = clear(socket->get(), *found, marks.mask); !cleared) return std::unexpected(cleared.error());
    count += found->size();
  }
  return count;
}

}  // namespace netscope::netfilter
