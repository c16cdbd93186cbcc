#include "netscope/dpi/facts.h"

#include <array>

namespace netscope {
namespace {

constexpr std::array<std::string_view, kProtocolCount> kNames{
    "unknown",    "tls", "http", "dns",  "mdns", "llmnr", "quic", "ssh", "dtls", "stun",   "wireguard",
    "bittorrent", "rdp", "smtp", "imap", "pop3", "ftp",   "mqtt", "sip", "rtsp", "openvpn"};

}  // namespace

std::string_view to_string(Protocol protocol) {
  return kNames[static_cast<std::size_t>(protocol)];
}

std::optional<Protocol> protocol_named(std::string_view name) {
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Protocol>(i);
  }
  return std::nullopt;
}

}  // namespace netscope
