// Packets composed as prose:
//
//   ethernet().vlan(10).ipv4("192.168.1.20", "203.0.113.9").tcp(51234, 443).seq(1000).flags("PA")
//       .payload(client_hello("example.com"))
//
// reads from the outside in. A packet is a value and each word returns a longer one, so a common beginning can be named
// and continued twice. Lengths, checksums and protocol numbers come out right unless the prose says otherwise.
// A mistake in the prose (an address that is none, `seq` without TCP) throws std::invalid_argument.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "support/packet_layers.h"

namespace netscope::test {

class Packet {
 public:
  // Link layers and what lies between them and IP.
  Packet ethernet(std::string_view source = "02:00:00:00:00:14",
                  std::string_view destination = "02:00:00:00:00:01") const;
  Packet vlan(std::uint16_t id, std::uint16_t tag_type = 0x8100) const;
  Packet pppoe(std::uint16_t session = 1) const;
  Packet mpls(std::uint32_t label) const;

  // IP. `ip` reads the version off the addresses.
  Packet ip(std::string_view source, std::string_view destination) const;
  Packet ipv4(std::string_view source, std::string_view destination) const;
  Packet ipv6(std::string_view source, std::string_view destination) const;
  // Of the nearest IP layer so far:
  Packet ttl(std::uint8_t hops) const;
  Packet ip_options(Bytes options) const;             // IPv4
  Packet identification(std::uint16_t number) const;  // IPv4
  Packet dont_fragment() const;                       // IPv4
  // This packet is one piece of a datagram: `offset` in bytes, a multiple of eight. IPv4: the fields of the nearest
  // header; IPv6: a fragment header here. Say `announcing(17)` for what the pieces are of.
  Packet first_fragment(std::uint32_t number) const { return fragment(number, 0, true); }
  Packet middle_fragment(std::uint32_t number, std::uint16_t offset) const { return fragment(number, offset, true); }
  Packet last_fragment(std::uint32_t number, std::uint16_t offset) const { return fragment(number, offset, false); }
  // IPv6 extension headers; options default to one PadN. Checksums count the header's own destination, so a routing
  // header with segments left is one that no host on the way would verify.
  Packet hop_by_hop(Bytes options = {}) const;
  Packet destination_options(Bytes options = {}) const;
  Packet routing(std::uint8_t type, std::uint8_t segments_left, Bytes data = {}) const;
  Packet extension(std::uint8_t number, Bytes body) const;

  // Transport.
  Packet tcp(std::uint16_t source_port, std::uint16_t destination_port) const;
  Packet seq(std::uint32_t number) const;
  Packet ack(std::uint32_t number) const;
  Packet flags(std::string_view letters) const;  // of "FSRPAUEC"; without the word it is "A"
  Packet window(std::uint16_t bytes) const;
  Packet tcp_options(Bytes options) const;
  Packet udp(std::uint16_t source_port, std::uint16_t destination_port) const;
  Packet icmp(std::uint8_t type, std::uint8_t code = 0, std::uint32_t rest = 0) const;
  Packet icmpv6(std::uint8_t type, std::uint8_t code = 0, std::uint32_t rest = 0) const;
  // The packet that an ICMP error speaks of: its first IP header and at most `limit` bytes behind the outermost IP.
  Packet quoting(const Packet& other, std::size_t limit = 576) const;

  // Tunnels. IP in IP is `.ipv4(...).ipv6(...)`; bridged Ethernet is `.gre().ethernet()`; Teredo is `.udp(_,
  // 3544).ipv6()`.
  Packet gre(const GreLayer& fields = {}) const;
  Packet vxlan(std::uint32_t network) const;
  Packet geneve(std::uint32_t network, Bytes options = {}) const;
  Packet gtpu(std::uint32_t tunnel) const;
  Packet gtpu(std::uint32_t tunnel, std::uint16_t sequence) const;
  Packet teredo_origin(std::uint16_t port, std::string_view ipv4_address) const;  // RFC 4380, section 5.1.1

  Packet payload(Bytes bytes) const;
  Packet payload(std::string_view text) const { return payload(as_bytes(text)); }
  // Zeros behind the IP packet up to `size` bytes of frame, as Ethernet cards put them.
  Packet padded_to(std::size_t size) const;
  // The frame ends here, whatever its headers say.
  Packet cut_to(std::size_t size) const;

  // Lies about the last layer that is no payload.
  Packet bad_checksum() const;
  Packet zero_checksum() const;
  Packet announcing(std::uint16_t protocol) const;  // as the following protocol
  Packet length_field(std::uint16_t value) const;  // IPv4 total, IPv6 payload, UDP, GTP-U, PPPoE; TCP's header in bytes

  // The same road back: Ethernet and IP addresses of every layer swapped. Ports stay.
  Packet reversed() const;

  Buffer bytes() const;
  // From the first IP header on, without frame padding: what a Netfilter queue hands out.
  Buffer ip_bytes() const;
  // The number of the link type in a capture file (LINKTYPE_...), read off the outermost layer.
  std::uint32_t link_type() const;

 private:
  friend std::vector<Packet> in_fragments(const Packet& packet, std::size_t piece_bytes, std::uint32_t number);
  friend Packet raw();
  friend Packet linux_cooked();
  friend Packet linux_cooked_v2();
  friend Packet null_loopback(bool big_endian);
  friend Packet ppp();

  template <class What>
  Packet with(What what) const;
  template <class What, class Change>
  Packet changed(const char* word, Change change) const;
  Packet fragment(std::uint32_t number, std::uint16_t offset, bool more) const;
  template <class Change>
  Packet lying(Change change) const;
  std::size_t first_ip() const;

  std::vector<Layer> layers_;
  std::size_t padded_to_ = 0;
  std::size_t cut_to_ = SIZE_MAX;
};

// How a packet begins.
Packet ethernet(std::string_view source = "02:00:00:00:00:14", std::string_view destination = "02:00:00:00:00:01");
Packet raw();              // an IP header at once
Packet linux_cooked();     // SLL
Packet linux_cooked_v2();  // SLL2
Packet null_loopback(bool big_endian = false);
Packet ppp();

// The packet's outermost IP datagram in pieces of `piece_bytes` (a multiple of eight) of IP payload, in order.
std::vector<Packet> in_fragments(const Packet& packet, std::size_t piece_bytes, std::uint32_t number = 0x4242);

}  // namespace netscope::test
