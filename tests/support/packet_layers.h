// The layers that a test packet is made of. A layer holds what its author said; lengths, checksums and the numbers of
// the protocols that follow are worked out when the packet is sealed, from the inside outwards.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "support/byte_writer.h"

namespace netscope::test {

using MacAddress = std::array<std::uint8_t, 6>;
using Ipv4Address = std::array<std::uint8_t, 4>;
using Ipv6Address = std::array<std::uint8_t, 16>;

struct EthernetLayer {
  MacAddress source;
  MacAddress destination;
};
struct VlanLayer {
  std::uint16_t tag_type;  // 0x8100 or 0x88a8
  std::uint16_t id;
};
struct PppoeLayer {
  std::uint16_t session;
};
struct MplsLayer {
  std::uint32_t label;
};
struct CookedLayer {};    // Linux cooked v1
struct CookedV2Layer {};  // Linux cooked v2
struct NullLayer {        // BSD loopback: the address family in the order of the host that wrote it
  bool big_endian;
};
struct PppLayer {};  // with address and control, as in HDLC framing
struct Ipv4Layer {
  Ipv4Address source;
  Ipv4Address destination;
  std::uint8_t ttl = 64;
  std::uint16_t identification = 0;
  std::uint16_t fragment_offset = 0;  // in bytes
  bool more_fragments = false;
  bool dont_fragment = false;
  Buffer options = {};
};
struct Ipv6Layer {
  Ipv6Address source;
  Ipv6Address destination;
  std::uint8_t hop_limit = 64;
};
struct Ipv6ExtensionLayer {
  std::uint8_t number;  // 0 hop-by-hop, 43 routing, 60 destination options
  Buffer body;          // behind the length byte; padded with zeros to the unit of eight
};
struct Ipv6FragmentLayer {
  std::uint32_t identification;
  std::uint16_t offset;  // in bytes
  bool more_fragments;
};
struct TcpLayer {
  std::uint16_t source_port;
  std::uint16_t destination_port;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0x10;
  std::uint16_t window = 64240;
  Buffer options = {};
};
struct UdpLayer {
  std::uint16_t source_port;
  std::uint16_t destination_port;
};
struct IcmpLayer {  // of either version: the IP layer around it says which
  std::uint8_t version;
  std::uint8_t type;
  std::uint8_t code;
  std::uint32_t rest;  // identifier and sequence, the MTU, or nothing
};
struct GreLayer {
  std::optional<std::uint32_t> key = {};
  std::optional<std::uint32_t> sequence = {};
  bool checksummed = false;
};
struct VxlanLayer {
  std::uint32_t network;
};
struct GeneveLayer {
  std::uint32_t network;
  Buffer options = {};  // in units of four bytes
};
struct GtpuLayer {
  std::uint32_t tunnel;
  std::optional<std::uint16_t> sequence = {};
};
struct PayloadLayer {
  Buffer bytes;
};

struct Layer {
  std::variant<EthernetLayer, VlanLayer, PppoeLayer, MplsLayer, CookedLayer, CookedV2Layer, NullLayer, PppLayer,
               Ipv4Layer, Ipv6Layer, Ipv6ExtensionLayer, Ipv6FragmentLayer, TcpLayer, UdpLayer, IcmpLayer, GreLayer,
               VxlanLayer, GeneveLayer, GtpuLayer, PayloadLayer>
      what;

  // What a hostile author writes instead of the truth.
  enum class Checksum { right, wrong, zero };
  Checksum checksum = Checksum::right;
  std::optional<std::uint16_t> announced_protocol = {};
  std::optional<std::uint16_t> announced_length = {};
};

template <class Kind>
bool is(const Layer& layer) {
  return std::holds_alternative<Kind>(layer.what);
}

inline bool is_ip(const Layer& layer) {
  return is<Ipv4Layer>(layer) || is<Ipv6Layer>(layer);
}

// The bytes of layers[first] and all that it encloses.
Buffer seal(const std::vector<Layer>& layers, std::size_t first);

// The number by which an IP header announces `layer`.
std::uint8_t ip_protocol_of(const Layer& layer);

}  // namespace netscope::test
