#include "netscope/net/link_type.h"

namespace netscope {

std::string_view to_string(LinkType link) {
  switch (link) {
    case LinkType::null: return "null/loopback";
    case LinkType::ethernet: return "Ethernet";
    case LinkType::ppp:
    case LinkType::ppp_hdlc:
    case LinkType::ppp_with_direction: return "PPP";
    case LinkType::ppp_ether: return "PPPoE";
    case LinkType::raw:
    case LinkType::raw_bsd:
    case LinkType::raw_openbsd: return "raw IP";
    case LinkType::cisco_hdlc: return "Cisco HDLC";
    case LinkType::ieee802_11:
    case LinkType::ieee802_11_radiotap: return "802.11";
    case LinkType::loop: return "OpenBSD loopback";
    case LinkType::linux_sll: return "Linux cooked";
    case LinkType::ipv4: return "raw IPv4";
    case LinkType::ipv6: return "raw IPv6";
    case LinkType::nflog: return "NFLOG";
    case LinkType::linux_sll2: return "Linux cooked v2";
  }
  return "unknown";
}

bool is_supported(LinkType link) {
  return to_string(link) != "unknown";
}

}  // namespace netscope
