#include "netscope/dpi/facts.h"

#include <array>

namespace netscope {
namespace {

constexpr std::array<std::string_view, kProtocolCount> kProtocolNames{
    "unknown", "tls",       "http",       "dns",   "mdns",  "llmnr",     "quic", "ssh", "dtls",
    "stun",    "wireguard", "bittorrent", "rdp",   "smtp",  "imap",      "pop3", "ftp", "mqtt",
    "sip",     "rtsp",      "openvpn",    "socks", "http2", "websocket", "dot",  "doh", "doq"};

}  // namespace

std::string_view to_string(Protocol protocol) {
  return kProtocolNames[static_cast<std::size_t>(protocol)];
}

std::optional<Protocol> protocol_named(std::string_view name) {
  for (std::size_t i = 1; i < kProtocolNames.size(); ++i) {
    if (kProtocolNames[i] == name) return static_cast<Protocol>(i);
  }
  return std::nullopt;
}

bool may_carry(Protocol carrier, Protocol service) {
  switch (service) {
    case Protocol::websocket: return carrier == Protocol::http;
    case Protocol::dot: return carrier == Protocol::tls;
    case Protocol::doh:
      return carrier == Protocol::tls || carrier == Protocol::quic || carrier == Protocol::http ||
             carrier == Protocol::http2;
    case Protocol::doq: return carrier == Protocol::quic;
    default: return false;
  }
}

std::string_view to_string(NameSource source) {
  switch (source) {
    case NameSource::sni: return "sni";
    case NameSource::host: return "host";
    case NameSource::query: return "query";
    case NameSource::dns: return "dns";
  }
  return "dns";
}

NameSource name_source(Protocol shown_by) {
  switch (shown_by) {
    case Protocol::tls:
    case Protocol::quic:
    case Protocol::dtls: return NameSource::sni;
    case Protocol::http:
    case Protocol::http2:
    case Protocol::socks: return NameSource::host;
    case Protocol::dns:
    case Protocol::mdns:
    case Protocol::llmnr: return NameSource::query;
    case Protocol::unknown:
    case Protocol::ssh:
    case Protocol::stun:
    case Protocol::wireguard:
    case Protocol::bittorrent:
    case Protocol::rdp:
    case Protocol::smtp:
    case Protocol::imap:
    case Protocol::pop3:
    case Protocol::ftp:
    case Protocol::mqtt:
    case Protocol::sip:
    case Protocol::rtsp:
    case Protocol::openvpn:
    case Protocol::websocket:
    case Protocol::dot:
    case Protocol::doh:
    case Protocol::doq: return NameSource::dns;
  }
  return NameSource::dns;
}

}  // namespace netscope
