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
  openvpn
};
inline constexpr std::size_t kProtocolCount = 21;

// The name that rules, events and reports use: "tls", "http", ...; "unknown" for Protocol::unknown.
std::string_view to_string(Protocol protocol);
// The protocol of that name (lower case); nothing for "unknown" and for every other word.
std::optional<Protocol> protocol_named(std::string_view name);

}  // namespace netscope
