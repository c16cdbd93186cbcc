// The protocols that inspection tells apart, and what is known of each: one row of kProtocols.
#pragma once

#include <array>
#include <cstddef>
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

// Where a name was seen. Rules, events and reports use the words "sni", "host", "query" and "dns".
enum class NameSource : std::uint8_t {
  sni,    // a hello of TLS, QUIC or DTLS
  host,   // a request of HTTP or SOCKS
  query,  // a question of DNS, mDNS or LLMNR
  dns,    // nowhere in the flow: its server's address has the name, as an answer of DNS said
};
inline constexpr std::size_t kNameSourceCount = 4;

std::string_view to_string(NameSource source);

enum class ProtocolKind : std::uint8_t {
  other,
  tls_like,   // begins with a ClientHello
  http_like,  // requests
  dns_like,   // questions
  proxy,      // goes on with another protocol
  service,    // is what another one, which the flow is said to be of, is used for
};

// Sets of protocols, a bit each.
using ProtocolBits = std::uint32_t;
template <class... Protocols>
constexpr ProtocolBits bits(Protocols... protocols) {
  return (ProtocolBits{0} | ... | (ProtocolBits{1} << static_cast<unsigned>(protocols)));
}

struct ProtocolInfo {
  Protocol protocol;
  std::string_view word;  // that rules, events and reports use; an event has what the protocol shows in an object of it
  ProtocolKind kind = ProtocolKind::other;
  NameSource names = NameSource::dns;  // of what source its names are; dns: it shows none
  std::string_view name_field{};       // of the names, in the event's object; empty: it shows none
  char ja4_letter = 0;                 // with which the fingerprints of its hellos begin; 0: they have none
  std::string_view event{};            // the type of the events that its messages are; empty: they are none
  ProtocolBits carriers = 0;           // of a service: the protocols whose flows may turn out to be used for it
};

// In the order of the enumeration.
inline constexpr std::array<ProtocolInfo, kProtocolCount> kProtocols{{
    {Protocol::unknown, "unknown"},
    {Protocol::tls, "tls", ProtocolKind::tls_like, NameSource::sni, "sni", 't', "tls"},
    {Protocol::http, "http", ProtocolKind::http_like, NameSource::host, "hostname", 0, "http"},
    {Protocol::dns, "dns", ProtocolKind::dns_like, NameSource::query, "rrname", 0, "dns"},
    {Protocol::mdns, "mdns", ProtocolKind::dns_like, NameSource::query, "rrname", 0, "dns"},
    {Protocol::llmnr, "llmnr", ProtocolKind::dns_like, NameSource::query, "rrname", 0, "dns"},
    {Protocol::quic, "quic", ProtocolKind::tls_like, NameSource::sni, "sni", 'q', "quic"},
    {Protocol::ssh, "ssh"},
    {Protocol::dtls, "dtls", ProtocolKind::tls_like, NameSource::sni, "sni", 'd'},
    {Protocol::stun, "stun"},
    {Protocol::wireguard, "wireguard"},
    {Protocol::bittorrent, "bittorrent"},
    {Protocol::rdp, "rdp"},
    {Protocol::smtp, "smtp"},
    {Protocol::imap, "imap"},
    {Protocol::pop3, "pop3"},
    {Protocol::ftp, "ftp"},
    {Protocol::mqtt, "mqtt"},
    {Protocol::sip, "sip"},
    {Protocol::rtsp, "rtsp"},
    {Protocol::openvpn, "openvpn"},
    {Protocol::socks, "socks", ProtocolKind::proxy, NameSource::host, "hostname"},
    {Protocol::http2, "http2", ProtocolKind::http_like, NameSource::host, "hostname", 0, "http"},
    {Protocol::websocket, "websocket", ProtocolKind::service, NameSource::dns, {}, 0, {}, bits(Protocol::http)},
    {Protocol::dot, "dot", ProtocolKind::service, NameSource::dns, {}, 0, {}, bits(Protocol::tls)},
    {Protocol::doh,
     "doh",
     ProtocolKind::service,
     NameSource::dns,
     {},
     0,
     {},
     bits(Protocol::tls, Protocol::quic, Protocol::http, Protocol::http2)},
    {Protocol::doq, "doq", ProtocolKind::service, NameSource::dns, {}, 0, {}, bits(Protocol::quic)},
}};

constexpr const ProtocolInfo& info_of(Protocol protocol) {
  return kProtocols[static_cast<std::size_t>(protocol)];
}

// Orders in which the names of a flow are written: in events; in the page's rows, which read events; and for people,
// who see first what carried the rest.
inline constexpr std::array kEventOrder{Protocol::tls,  Protocol::dtls,  Protocol::quic,
                                        Protocol::http, Protocol::http2, Protocol::socks,
                                        Protocol::dns,  Protocol::mdns,  Protocol::llmnr};
inline constexpr std::array kRowOrder{Protocol::tls,   Protocol::quic, Protocol::dtls, Protocol::http, Protocol::http2,
                                      Protocol::socks, Protocol::dns,  Protocol::mdns, Protocol::llmnr};
inline constexpr std::array kOuterFirst{Protocol::socks, Protocol::http, Protocol::http2,
                                        Protocol::tls,   Protocol::dtls, Protocol::quic,
                                        Protocol::dns,   Protocol::mdns, Protocol::llmnr};

constexpr std::string_view to_string(Protocol protocol) {
  return info_of(protocol).word;
}
// The protocol of that word; nothing for "unknown" and for every other word.
std::optional<Protocol> protocol_named(std::string_view word);
// The source of a name that this protocol showed. Protocol::unknown stands for names that no protocol of the flow did.
constexpr NameSource name_source(Protocol shown_by) {
  return info_of(shown_by).names;
}
constexpr bool is_service(Protocol protocol) {
  return info_of(protocol).kind == ProtocolKind::service;
}
constexpr bool is_dns_family(Protocol protocol) {
  return info_of(protocol).kind == ProtocolKind::dns_like;
}
// Whether its flows begin with a hello, which may have a fingerprint.
constexpr bool has_hello(Protocol protocol) {
  return info_of(protocol).kind == ProtocolKind::tls_like;
}
// Whether a flow of `carrier` may turn out to be of the service.
constexpr bool may_carry(Protocol carrier, Protocol service) {
  return (info_of(service).carriers & bits(carrier)) != 0;
}

// Every row stands in its place, and every protocol that shows names in each of the three orders.
constexpr bool protocols_are_whole() {
  std::size_t show_names = 0;
  for (std::size_t i = 0; i < kProtocolCount; ++i) {
    if (kProtocols[i].protocol != static_cast<Protocol>(i)) return false;
    if (kProtocols[i].name_field.empty() != (kProtocols[i].names == NameSource::dns)) return false;
    show_names += kProtocols[i].name_field.empty() ? 0 : 1;
  }
  for (const auto& order : {kEventOrder, kRowOrder, kOuterFirst}) {
    ProtocolBits seen = 0;
    for (const Protocol protocol : order) {
      if (info_of(protocol).name_field.empty()) return false;
      seen |= bits(protocol);
    }
    std::size_t count = 0;
    for (; seen != 0; seen &= seen - 1) ++count;
    if (count != show_names) return false;
  }
  return true;
}
static_assert(protocols_are_whole());

}  // namespace netscope
