#include "support/conversation.h"

#include <algorithm>

#include "support/payloads.h"

namespace netscope::test {
namespace {

const Buffer kSynOptions{2, 4, 5, 0xb4, 1, 1, 4, 2};  // a segment size of 1460, SACK permitted

std::uint32_t length_of(Bytes data) {
  return static_cast<std::uint32_t>(data.size());
}

}  // namespace

TcpConversation::TcpConversation(Ends ends)
    : ends_(std::move(ends)),
      client_next_(ends_.client_sequence),
      server_next_(ends_.server_sequence),
      now_(ends_.begin) {}

Packet TcpConversation::from_client(std::uint32_t sequence) const {
  return ends_.link.ip(ends_.client, ends_.server)
      .tcp(ends_.client_port, ends_.server_port)
      .seq(sequence)
      .ack(server_next_);
}

Packet TcpConversation::from_server() const {
  return ends_.link.reversed()
      .ip(ends_.server, ends_.client)
      .tcp(ends_.server_port, ends_.client_port)
      .seq(server_next_)
      .ack(client_next_);
}

void TcpConversation::add(const Packet& packet) {
  packets_.push_back(TimedPacket{.at = now_, .packet = packet});
  now_ += ends_.step;
}

TcpConversation& TcpConversation::handshake() {
  add(from_client(client_next_++).ack(0).flags("S").tcp_options(kSynOptions));
  add(from_server().flags("SA").tcp_options(kSynOptions));
  ++server_next_;
  add(from_client(client_next_));
  return *this;
}

TcpConversation& TcpConversation::client(Bytes data) {
  return client_in_pieces(data, ends_.segment_bytes);
}

TcpConversation& TcpConversation::client_in_pieces(Bytes data, std::size_t piece_bytes) {
  while (!data.empty()) {
    const Bytes piece = data.first(std::min(piece_bytes, data.size()));
    add(from_client(client_next_).flags("PA").payload(piece));
    client_next_ += length_of(piece);
    data = data.subspan(piece.size());
  }
  add(from_server());
  return *this;
}

TcpConversation& TcpConversation::client_reversed(Bytes data, std::size_t piece_bytes) {
  const std::size_t pieces = (data.size() + piece_bytes - 1) / piece_bytes;
  for (std::size_t i = pieces; i > 0; --i) {
    const std::size_t offset = (i - 1) * piece_bytes;
    const Bytes piece = data.subspan(offset, std::min(piece_bytes, data.size() - offset));
    add(from_client(client_next_ + static_cast<std::uint32_t>(offset)).flags("PA").payload(piece));
  }
  client_next_ += length_of(data);
  add(from_server());
  return *this;
}

TcpConversation& TcpConversation::client_at(std::uint32_t offset, Bytes data) {
  add(from_client(ends_.client_sequence + 1 + offset).flags("PA").payload(data));
  return *this;
}

TcpConversation& TcpConversation::client_fake_at(std::uint32_t offset, Bytes data, std::uint8_t ttl) {
  add(from_client(ends_.client_sequence + 1 + offset).flags("PA").ttl(ttl).payload(data));
  return *this;
}

TcpConversation& TcpConversation::client_sent(std::uint32_t bytes) {
  client_next_ = ends_.client_sequence + 1 + bytes;
  return *this;
}

TcpConversation& TcpConversation::server(Bytes data) {
  while (!data.empty()) {
    const Bytes piece = data.first(std::min(ends_.segment_bytes, data.size()));
    add(from_server().flags("PA").payload(piece));
    server_next_ += length_of(piece);
    data = data.subspan(piece.size());
  }
  add(from_client(client_next_));
  return *this;
}

TcpConversation& TcpConversation::close() {
  add(from_client(client_next_++).flags("FA"));
  add(from_server().flags("FA"));
  ++server_next_;
  add(from_client(client_next_));
  return *this;
}

TcpConversation& TcpConversation::client_resets() {
  add(from_client(client_next_).flags("RA"));
  return *this;
}

TcpConversation& TcpConversation::server_resets() {
  add(from_server().flags("RA"));
  return *this;
}

TcpConversation& TcpConversation::wait(Duration pause) {
  now_ += pause;
  return *this;
}

UdpConversation::UdpConversation(Ends ends) : ends_(std::move(ends)), now_(ends_.begin) {}

UdpConversation& UdpConversation::client(Bytes datagram) {
  const Packet packet =
      ends_.link.ip(ends_.client, ends_.server).udp(ends_.client_port, ends_.server_port).payload(datagram);
  packets_.push_back(TimedPacket{.at = now_, .packet = packet});
  now_ += ends_.step;
  return *this;
}

UdpConversation& UdpConversation::server(Bytes datagram) {
  const Packet packet =
      ends_.link.reversed().ip(ends_.server, ends_.client).udp(ends_.server_port, ends_.client_port).payload(datagram);
  packets_.push_back(TimedPacket{.at = now_, .packet = packet});
  now_ += ends_.step;
  return *this;
}

std::vector<TimedPacket> dns_lookup(Ends ends, std::string_view name, std::string_view address) {
  const std::uint16_t type = address.find(':') == std::string_view::npos ? kTypeA : kTypeAaaa;
  const std::uint16_t id = ends.client_port;
  ends.server_port = 53;
  return UdpConversation(std::move(ends))
      .client(dns_query(name, type, id))
      .server(dns_response(name, {{.value = std::string(address)}}, type, id))
      .packets();
}

std::vector<TimedPacket> merged(const std::vector<std::vector<TimedPacket>>& conversations) {
  std::vector<TimedPacket> all;
  for (const auto& packets : conversations) all.insert(all.end(), packets.begin(), packets.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return all;
}

}  // namespace netscope::test
