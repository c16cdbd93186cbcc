// What inspection can tell the rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace netscope {

// An application-layer protocol, told from content alone. Order is part of no file format.
enum class Protocol : std::uint8_t {
  unknown,
  tls,
  http,
  dns,
  mdns,
  llmnr,
  quic,
  ssh,
  dtls,
  stun,
  wireguard,
  bittorrent,
  rdp,
  smtp,
  imap,
  pop3,
  ftp,
  mqtt,
  sip,
  rtsp,
  openvpn,
  socks,
  http2,  // without TLS
  // Services: what another protocol, which the flow is said to be of, is used for.
  websocket,
  dot,  // DNS over TLS, HTTPS or HTTP/3, QUIC
  doh,
  doq
};
inline constexpr std::size_t kProtocolCount = 27;
constexpr bool is_service(Protocol protocol) {
  return protocol >= Protocol::websocket;
}
constexpr bool is_dns_family(Protocol protocol) {
  return protocol == Protocol::dns || protocol == Protocol::mdns || protocol == Protocol::llmnr;
}
// Whether a flow of `carrier` may turn out to be of the service.
bool may_carry(Protocol carrier, Protocol service);

// The name that rules, events and reports use: "tls", "http", ...; "unknown" for Protocol::unknown.
std::string_view to_string(Protocol protocol);
// The protocol of that name (lower case); nothing for "unknown" and for every other word.
std::optional<Protocol> protocol_named(std::string_view name);

// Where a name was seen. Rules, events and reports use the words "sni", "host", "query" and "dns".
enum class NameSource : std::uint8_t {
  sni,    // a hello of TLS, QUIC or DTLS
  host,   // a request of HTTP or SOCKS
  query,  // a question of DNS, mDNS or LLMNR
  dns,    // nowhere in the flow: its server's address has the name, as an answer of DNS said
};
inline constexpr std::size_t kNameSourceCount = 4;

std::string_view to_string(NameSource source);
// The source of a name that this protocol showed. Protocol::unknown stands for names that no protocol of the flow did.
NameSource name_source(Protocol shown_by);

}  // namespace netscope
