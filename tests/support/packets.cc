#include "support/packets.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>

namespace netscope::test {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
  throw std::invalid_argument(std::string(what) + ": " + std::string(text));
}

template <class Address>
Address address(int family, std::string_view text) {
  Address parsed;
  if (inet_pton(family, std::string(text).c_str(), parsed.data()) != 1) refuse("not an address", text);
  return parsed;
}

MacAddress mac_address(std::string_view text) {
  MacAddress mac{};
  if (text.size() != 17) refuse("not a MAC address", text);
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const char* begin = text.data() + 3 * i;
    if (std::from_chars(begin, begin + 2, mac[i], 16).ptr != begin + 2) refuse("not a MAC address", text);
  }
  return mac;
}

std::uint8_t tcp_flags(std::string_view letters) {
  constexpr std::string_view kLetters = "FSRPAUEC";
  unsigned flags = 0;
  for (const char letter : letters) {
    const std::size_t bit = kLetters.find(letter);
    if (bit == std::string_view::npos) refuse("not a TCP flag", letters);
    flags |= 1u << bit;
  }
  return static_cast<std::uint8_t>(flags);
}

Buffer copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

Buffer options_or_padding(Bytes options) {
  return options.empty() ? Buffer{1, 4, 0, 0, 0, 0} : copy(options);
}

}  // namespace

template <class What>
Packet Packet::with(What what) const {
  Packet longer = *this;
  longer.layers_.push_back(Layer{.what = std::move(what)});
  return longer;
}

// This packet with its innermost layer of the kind `What` changed.
template <class What, class Change>
Packet Packet::changed(const char* word, Change change) const {
  Packet other = *this;
  for (auto layer = other.layers_.rbegin(); layer != other.layers_.rend(); ++layer) {
    if (auto* what = std::get_if<What>(&layer->what)) {
      change(*what);
      return other;
    }
  }
  refuse("nothing here has a", word);
}

template <class Change>
Packet Packet::lying(Change change) const {
  Packet other = *this;
  for (auto layer = other.layers_.rbegin(); layer != other.layers_.rend(); ++layer) {
    if (is<PayloadLayer>(*layer)) continue;
    change(*layer);
    return other;
  }
  refuse("no header", "to lie in");
}

Packet Packet::ethernet(std::string_view source, std::string_view destination) const {
  return with(EthernetLayer{.source = mac_address(source), .destination = mac_address(destination)});
}
Packet Packet::vlan(std::uint16_t id, std::uint16_t tag_type) const {
  return with(VlanLayer{.tag_type = tag_type, .id = id});
}
Packet Packet::pppoe(std::uint16_t session) const {
  return with(PppoeLayer{.session = session});
}
Packet Packet::mpls(std::uint32_t label) const {
  return with(MplsLayer{.label = label});
}

Packet Packet::ip(std::string_view source, std::string_view destination) const {
  return source.find(':') == std::string_view::npos ? ipv4(source, destination) : ipv6(source, destination);
}
Packet Packet::ipv4(std::string_view source, std::string_view destination) const {
  return with(Ipv4Layer{.source = address<Ipv4Address>(AF_INET, source),
                        .destination = address<Ipv4Address>(AF_INET, destination),
                        .options = {}});
}
Packet Packet::ipv6(std::string_view source, std::string_view destination) const {
  return with(Ipv6Layer{.source = address<Ipv6Address>(AF_INET6, source),
                        .destination = address<Ipv6Address>(AF_INET6, destination)});
}

Packet Packet::ttl(std::uint8_t hops) const {
  const auto nearest = std::find_if(layers_.rbegin(), layers_.rend(), is_ip);
  if (nearest != layers_.rend() && is<Ipv6Layer>(*nearest)) {
    return changed<Ipv6Layer>("hop limit", [&](Ipv6Layer& ip) { ip.hop_limit = hops; });
  }
  return changed<Ipv4Layer>("ttl", [&](Ipv4Layer& ip) { ip.ttl = hops; });
}
Packet Packet::ip_options(Bytes options) const {
  return changed<Ipv4Layer>("ip_options", [&](Ipv4Layer& ip) { ip.options = copy(options); });
}
Packet Packet::identification(std::uint16_t number) const {
  return changed<Ipv4Layer>("identification", [&](Ipv4Layer& ip) { ip.identification = number; });
}
Packet Packet::dont_fragment() const {
  return changed<Ipv4Layer>("dont_fragment", [](Ipv4Layer& ip) { ip.dont_fragment = true; });
}

Packet Packet::fragment(std::uint32_t number, std::uint16_t offset, bool more) const {
  if (offset % 8 != 0) refuse("a fragment's offset is in units of eight", std::to_string(offset));
  const auto nearest = std::find_if(layers_.rbegin(), layers_.rend(), is_ip);
  if (nearest != layers_.rend() && is<Ipv6Layer>(*nearest)) {
    return with(Ipv6FragmentLayer{.identification = number, .offset = offset, .more_fragments = more});
  }
  return changed<Ipv4Layer>("fragment", [&](Ipv4Layer& ip) {
    ip.identification = static_cast<std::uint16_t>(number);
    ip.fragment_offset = offset;
    ip.more_fragments = more;
  });
}

Packet Packet::hop_by_hop(Bytes options) const {
  return extension(0, options_or_padding(options));
}
Packet Packet::destination_options(Bytes options) const {
  return extension(60, options_or_padding(options));
}
Packet Packet::routing(std::uint8_t type, std::uint8_t segments_left, Bytes data) const {
  return extension(43, ByteWriter().u8(type).u8(segments_left).u32(0).bytes(data).buffer());
}
Packet Packet::extension(std::uint8_t number, Bytes body) const {
  return with(Ipv6ExtensionLayer{.number = number, .body = copy(body)});
}

Packet Packet::tcp(std::uint16_t source_port, std::uint16_t destination_port) const {
  return with(TcpLayer{.source_port = source_port, .destination_port = destination_port});
}
Packet Packet::seq(std::uint32_t number) const {
  return changed<TcpLayer>("seq", [&](TcpLayer& tcp) { tcp.sequence = number; });
}
Packet Packet::ack(std::uint32_t number) const {
  return changed<TcpLayer>("ack", [&](TcpLayer& tcp) { tcp.acknowledgement = number; });
}
Packet Packet::flags(std::string_view letters) const {
  return changed<TcpLayer>("flags", [&](TcpLayer& tcp) { tcp.flags = tcp_flags(letters); });
}
Packet Packet::window(std::uint16_t bytes) const {
  return changed<TcpLayer>("window", [&](TcpLayer& tcp) { tcp.window = bytes; });
}
Packet Packet::tcp_options(Bytes options) const {
  return changed<TcpLayer>("tcp_options", [&](TcpLayer& tcp) { tcp.options = copy(options); });
}
Packet Packet::udp(std::uint16_t source_port, std::uint16_t destination_port) const {
  return with(UdpLayer{.source_port = source_port, .destination_port = destination_port});
}
Packet Packet::icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) const {
  return with(IcmpLayer{.version = 4, .type = type, .code = code, .rest = rest});
}
Packet Packet::icmpv6(std::uint8_t type, std::uint8_t code, std::uint32_t rest) const {
  return with(IcmpLayer{.version = 6, .type = type, .code = code, .rest = rest});
}
Packet Packet::quoting(const Packet& other, std::size_t limit) const {
  Buffer quoted = other.ip_bytes();
  quoted.resize(std::min(quoted.size(), limit));
  return payload(quoted);
}

Packet Packet::gre(const GreLayer& fields) const {
  return with(fields);
}
Packet Packet::vxlan(std::uint32_t network) const {
  return with(VxlanLayer{.network = network});
}
Packet Packet::geneve(std::uint32_t network, Bytes options) const {
  return with(GeneveLayer{.network = network, .options = copy(options)});
}
Packet Packet::gtpu(std::uint32_t tunnel) const {
  return with(GtpuLayer{.tunnel = tunnel});
}
Packet Packet::gtpu(std::uint32_t tunnel, std::uint16_t sequence) const {
  return with(GtpuLayer{.tunnel = tunnel, .sequence = sequence});
}
Packet Packet::teredo_origin(std::uint16_t port, std::string_view ipv4_address) const {
  ByteWriter origin;
  origin.u16(0).u16(port ^ 0xffff);
  for (const std::uint8_t byte : address<Ipv4Address>(AF_INET, ipv4_address)) origin.u8(byte ^ 0xff);
  return payload(origin.buffer());
}

Packet Packet::payload(Bytes bytes) const {
  return with(PayloadLayer{.bytes = copy(bytes)});
}

Packet Packet::padded_to(std::size_t size) const {
  Packet other = *this;
  other.padded_to_ = size;
  return other;
}
Packet Packet::cut_to(std::size_t size) const {
  Packet other = *this;
  other.cut_to_ = size;
  return other;
}

Packet Packet::bad_checksum() const {
  return lying([](Layer& layer) { layer.checksum = Layer::Checksum::wrong; });
}
Packet Packet::zero_checksum() const {
  return lying([](Layer& layer) { layer.checksum = Layer::Checksum::zero; });
}
Packet Packet::announcing(std::uint16_t protocol) const {
  return lying([&](Layer& layer) { layer.announced_protocol = protocol; });
}
Packet Packet::length_field(std::uint16_t value) const {
  return lying([&](Layer& layer) { layer.announced_length = value; });
}

Packet Packet::reversed() const {
  Packet back = *this;
  for (Layer& layer : back.layers_) {
    if (auto* ethernet = std::get_if<EthernetLayer>(&layer.what)) std::swap(ethernet->source, ethernet->destination);
    if (auto* ip = std::get_if<Ipv4Layer>(&layer.what)) std::swap(ip->source, ip->destination);
    if (auto* ip = std::get_if<Ipv6Layer>(&layer.what)) std::swap(ip->source, ip->destination);
  }
  return back;
}

Buffer Packet::bytes() const {
  Buffer frame = seal(layers_, 0);
  if (frame.size() < padded_to_) frame.resize(padded_to_);
  if (frame.size() > cut_to_) frame.resize(cut_to_);
  return frame;
}

std::size_t Packet::first_ip() const {
  const auto found = std::find_if(layers_.begin(), layers_.end(), is_ip);
  if (found == layers_.end()) refuse("no IP header", "in this packet");
  return static_cast<std::size_t>(found - layers_.begin());
}

Buffer Packet::ip_bytes() const {
  return seal(layers_, first_ip());
}

std::uint32_t Packet::link_type() const {
  if (layers_.empty()) refuse("no link type", "of an empty packet");
  const Layer& outermost = layers_.front();
  if (is<EthernetLayer>(outermost)) return 1;
  if (is<PppLayer>(outermost)) return 9;
  if (is<CookedLayer>(outermost)) return 113;
  if (is<CookedV2Layer>(outermost)) return 276;
  if (const auto* null = std::get_if<NullLayer>(&outermost.what)) return null->big_endian ? 108 : 0;
  return 101;
}

Packet ethernet(std::string_view source, std::string_view destination) {
  return Packet().ethernet(source, destination);
}
Packet raw() {
  return {};
}
Packet linux_cooked() {
  return Packet().with(CookedLayer{});
}
Packet linux_cooked_v2() {
  return Packet().with(CookedV2Layer{});
}
Packet null_loopback(bool big_endian) {
  return Packet().with(NullLayer{.big_endian = big_endian});
}
Packet ppp() {
  return Packet().with(PppLayer{});
}

std::vector<Packet> in_fragments(const Packet& packet, std::size_t piece_bytes, std::uint32_t number) {
  if (piece_bytes == 0 || piece_bytes % 8 != 0) refuse("pieces are in units of eight", std::to_string(piece_bytes));
  const std::size_t header = packet.first_ip();
  const Buffer datagram = seal(packet.layers_, header + 1);
  const std::uint8_t protocol = ip_protocol_of(packet.layers_.at(header + 1));
  Packet beginning;
  beginning.layers_.assign(packet.layers_.begin(), packet.layers_.begin() + static_cast<std::ptrdiff_t>(header) + 1);

  std::vector<Packet> pieces;
  for (std::size_t offset = 0; offset < datagram.size(); offset += piece_bytes) {
    const std::size_t size = std::min(piece_bytes, datagram.size() - offset);
    const bool more = offset + size < datagram.size();
    pieces.push_back(beginning.fragment(number, static_cast<std::uint16_t>(offset), more)
                         .announcing(protocol)
                         .payload(Bytes(datagram).subspan(offset, size)));
  }
  return pieces;
}

}  // namespace netscope::test
