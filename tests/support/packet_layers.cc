#include "support/packet_layers.h"

#include <cstring>

namespace netscope::test {
namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

constexpr std::uint16_t kExperimentalEtherType = 0x88b5;
constexpr std::uint8_t kExperimentalIpProtocol = 253;

std::uint16_t ether_type_of(const Layer& layer) {
  return std::visit(Match{
                        [](const VlanLayer& vlan) -> std::uint16_t { return vlan.tag_type; },
                        [](const PppoeLayer&) -> std::uint16_t { return 0x8864; },
                        [](const MplsLayer&) -> std::uint16_t { return 0x8847; },
                        [](const Ipv4Layer&) -> std::uint16_t { return 0x0800; },
                        [](const Ipv6Layer&) -> std::uint16_t { return 0x86dd; },
                        [](const EthernetLayer&) -> std::uint16_t { return 0x6558; },
                        [](const auto&) -> std::uint16_t { return kExperimentalEtherType; },
                    },
                    layer.what);
}

std::uint16_t ppp_protocol_of(const Layer& layer) {
  if (is<Ipv4Layer>(layer)) return 0x0021;
  if (is<Ipv6Layer>(layer)) return 0x0057;
  if (is<MplsLayer>(layer)) return 0x0281;
  return 0xc021;  // LCP: the talk before any IP
}

// What the layer at `index` needs to know of its surroundings while it is written.
class Sealer {
 public:
  Sealer(const std::vector<Layer>& layers, std::size_t index, Buffer inside)
      : layers_(layers), layer_(layers[index]), index_(index), inside_(std::move(inside)) {}

  Buffer seal() {
    std::visit([this](const auto& what) { write(what); }, layer_.what);
    return std::move(out_);
  }

 private:
  const Layer& next() const {
    static const Layer kNothing{.what = PayloadLayer{}};
    return index_ + 1 < layers_.size() ? layers_[index_ + 1] : kNothing;
  }
  std::uint16_t ether_type() const { return layer_.announced_protocol.value_or(ether_type_of(next())); }
  std::uint16_t ppp_protocol() const { return layer_.announced_protocol.value_or(ppp_protocol_of(next())); }
  std::uint16_t ip_protocol() const { return layer_.announced_protocol.value_or(ip_protocol_of(next())); }
  std::size_t length(std::size_t truth) const { return layer_.announced_length ? *layer_.announced_length : truth; }

  // Puts the checksum of all that was written so far at `offset`, or the lie that was asked for.
  void close_checksum(std::size_t offset, std::uint32_t initial) {
    const std::uint16_t truth = internet_checksum(out_.buffer(), initial);
    switch (layer_.checksum) {
      case Layer::Checksum::right: return out_.patch_u16(offset, truth);
      case Layer::Checksum::wrong: return out_.patch_u16(offset, truth ^ 0x5a5a);
      case Layer::Checksum::zero: return out_.patch_u16(offset, 0);
    }
  }

  // The unfolded sum of the pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1) of the nearest IP layer
  // around.
  std::uint32_t pseudo_header(std::uint8_t protocol, std::size_t size) const {
    ByteWriter header;
    for (std::size_t i = index_; i > 0; --i) {
      if (const auto* ip = std::get_if<Ipv4Layer>(&layers_[i - 1].what)) {
        header.bytes(ip->source).bytes(ip->destination);
        break;
      }
      if (const auto* ip = std::get_if<Ipv6Layer>(&layers_[i - 1].what)) {
        header.bytes(ip->source).bytes(ip->destination);
        break;
      }
    }
    header.u32(size).u32(protocol);
    return static_cast<std::uint16_t>(~internet_checksum(header.buffer()));
  }

  void write(const EthernetLayer& ethernet) {
    out_.bytes(ethernet.destination).bytes(ethernet.source).u16(ether_type()).bytes(inside_);
  }
  void write(const VlanLayer& vlan) { out_.u16(vlan.id).u16(ether_type()).bytes(inside_); }
  void write(const PppoeLayer& pppoe) {
    out_.u16(0x1100).u16(pppoe.session).u16(length(inside_.size() + 2)).u16(ppp_protocol()).bytes(inside_);
  }
  void write(const MplsLayer& mpls) {
    const std::uint32_t bottom = is<MplsLayer>(next()) ? 0 : 1;
    out_.u32(mpls.label << 12 | bottom << 8 | 64).bytes(inside_);
  }
  void write(const CookedLayer&) {
    out_.u16(0).u16(1).u16(6).bytes(Buffer{2, 0, 0, 0, 0, 0x14}).u16(0).u16(ether_type()).bytes(inside_);
  }
  void write(const CookedV2Layer&) {
    out_.u16(ether_type()).u16(0).u32(2).u16(1).u8(0).u8(6).bytes(Buffer{2, 0, 0, 0, 0, 0x14}).u16(0).bytes(inside_);
  }
  void write(const NullLayer& null) {
    const std::uint8_t family = is<Ipv6Layer>(next()) ? 30 : 2;
    out_.u32(null.big_endian ? family : std::uint32_t{family} << 24).bytes(inside_);
  }
  void write(const PppLayer&) { out_.u16(0xff03).u16(ppp_protocol()).bytes(inside_); }

  void write(const Ipv4Layer& ip) {
    Buffer options = ip.options;
    options.resize((options.size() + 3) / 4 * 4);
    const std::size_t header_size = 20 + options.size();
    const unsigned flags = (ip.dont_fragment ? 0x4000u : 0u) | (ip.more_fragments ? 0x2000u : 0u);
    out_.u8(0x40 | header_size / 4).u8(0).u16(length(header_size + inside_.size()));
    out_.u16(ip.identification).u16(flags | ip.fragment_offset / 8);
    out_.u8(ip.ttl).u8(ip_protocol()).u16(0).bytes(ip.source).bytes(ip.destination).bytes(options);
    close_checksum(10, 0);
    out_.bytes(inside_);
  }
  void write(const Ipv6Layer& ip) {
    out_.u32(0x60000000).u16(length(inside_.size())).u8(ip_protocol()).u8(ip.hop_limit);
    out_.bytes(ip.source).bytes(ip.destination).bytes(inside_);
  }
  void write(const Ipv6ExtensionLayer& extension) {
    Buffer body = extension.body;
    body.resize((body.size() + 2 + 7) / 8 * 8 - 2);
    out_.u8(ip_protocol()).u8(length((body.size() + 2) / 8 - 1)).bytes(body).bytes(inside_);
  }
  void write(const Ipv6FragmentLayer& fragment) {
    out_.u8(ip_protocol()).u8(0).u16(fragment.offset | (fragment.more_fragments ? 1 : 0));
    out_.u32(fragment.identification).bytes(inside_);
  }

  void write(const TcpLayer& tcp) {
    Buffer options = tcp.options;
    options.resize((options.size() + 3) / 4 * 4);
    const std::size_t header_size = length(20 + options.size());
    out_.u16(tcp.source_port).u16(tcp.destination_port).u32(tcp.sequence).u32(tcp.acknowledgement);
    out_.u8(header_size / 4 << 4).u8(tcp.flags).u16(tcp.window).u16(0).u16(0).bytes(options).bytes(inside_);
    close_checksum(16, pseudo_header(6, out_.size()));
  }
  void write(const UdpLayer& udp) {
    out_.u16(udp.source_port).u16(udp.destination_port).u16(length(8 + inside_.size())).u16(0).bytes(inside_);
    close_checksum(6, pseudo_header(17, out_.size()));
    const bool came_out_zero = out_.buffer()[6] == 0 && out_.buffer()[7] == 0;
    if (came_out_zero && layer_.checksum == Layer::Checksum::right) out_.patch_u16(6, 0xffff);
  }
  void write(const IcmpLayer& icmp) {
    out_.u8(icmp.type).u8(icmp.code).u16(0).u32(icmp.rest).bytes(inside_);
    close_checksum(2, icmp.version == 6 ? pseudo_header(58, out_.size()) : 0);
  }

  void write(const GreLayer& gre) {
    const unsigned flags = (gre.checksummed ? 0x8000u : 0u) | (gre.key ? 0x2000u : 0u) | (gre.sequence ? 0x1000u : 0u);
    out_.u16(flags).u16(ether_type());
    if (gre.checksummed) out_.u32(0);
    if (gre.key) out_.u32(*gre.key);
    if (gre.sequence) out_.u32(*gre.sequence);
    out_.bytes(inside_);
    if (gre.checksummed) close_checksum(4, 0);
  }
  void write(const VxlanLayer& vxlan) { out_.u32(0x08000000).u32(vxlan.network << 8).bytes(inside_); }
  void write(const GeneveLayer& geneve) {
    out_.u8(geneve.options.size() / 4).u8(0).u16(ether_type()).u32(geneve.network << 8);
    out_.bytes(geneve.options).bytes(inside_);
  }
  void write(const GtpuLayer& gtpu) {
    const std::size_t optional_size = gtpu.sequence ? 4 : 0;
    out_.u8(gtpu.sequence ? 0x32 : 0x30).u8(0xff).u16(length(optional_size + inside_.size())).u32(gtpu.tunnel);
    if (gtpu.sequence) out_.u16(*gtpu.sequence).u16(0);
    out_.bytes(inside_);
  }
  void write(const PayloadLayer& payload) { out_.bytes(payload.bytes).bytes(inside_); }

  const std::vector<Layer>& layers_;
  const Layer& layer_;
  std::size_t index_;
  Buffer inside_;
  ByteWriter out_;
};

}  // namespace

std::uint8_t ip_protocol_of(const Layer& layer) {
  return std::visit(Match{
                        [](const Ipv4Layer&) -> std::uint8_t { return 4; },
                        [](const Ipv6Layer&) -> std::uint8_t { return 41; },
                        [](const Ipv6ExtensionLayer& extension) -> std::uint8_t { return extension.number; },
                        [](const Ipv6FragmentLayer&) -> std::uint8_t { return 44; },
                        [](const TcpLayer&) -> std::uint8_t { return 6; },
                        [](const UdpLayer&) -> std::uint8_t { return 17; },
                        [](const IcmpLayer& icmp) -> std::uint8_t { return icmp.version == 6 ? 58 : 1; },
                        [](const GreLayer&) -> std::uint8_t { return 47; },
                        [](const MplsLayer&) -> std::uint8_t { return 137; },
                        [](const EthernetLayer&) -> std::uint8_t { return 143; },
                        [](const auto&) -> std::uint8_t { return kExperimentalIpProtocol; },
                    },
                    layer.what);
}

Buffer seal(const std::vector<Layer>& layers, std::size_t first) {
  Buffer inside;
  for (std::size_t i = layers.size(); i > first; --i) inside = Sealer(layers, i - 1, std::move(inside)).seal();
  return inside;
}

}  // namespace netscope::test
