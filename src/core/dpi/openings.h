// Protocols that are told by how a conversation opens, and show no name of a server: of each, what no other protocol
// says by chance.
#pragma once

#include <cstdint>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"
#include "netscope/dpi/protocol.h"

namespace netscope {

struct Opening {
  Protocol protocol = Protocol::unknown;
  enum class Side : std::uint8_t { client, server, either } side = Side::either;  // who says this
  bool may_turn_to_tls = false;  // by a command of its own (STARTTLS and the like): a hello may follow
};

// The beginning of one direction of a TCP connection: SSH (RFC 4253, section 4.2), BitTorrent (BEP 3), RDP (MS-RDPBCGR,
// section 2.2.1), SMTP (RFC 5321), IMAP (RFC 9051), POP3 (RFC 1939), FTP (RFC 959), MQTT (version 3.1 to 5), SIP
// (RFC 3261), RTSP (RFC 2326, RFC 7826), OpenVPN, STUN (RFC 8489, section 6.2.2). ok, need_more or no_match.
Parsed<Opening> parse_stream_opening(Bytes stream);

// Whether a client that begins so may turn to TLS, whatever protocol that is: it begins with text, or asks
// for TLS in PostgreSQL (SSLRequest or GSSENCRequest) or MySQL (SSLRequest), or begins with a request of LDAP
// (RFC 4511, section 4.14). ok, need_more or no_match.
ParseStatus check_may_turn_to_tls(Bytes stream);

// A whole datagram: STUN (RFC 8489, section 5, and RFC 3489), WireGuard's handshake, BitTorrent's DHT (BEP 5), uTP
// (BEP 29), local discovery (BEP 14) and trackers (BEP 15), SIP, OpenVPN, RDP (MS-RDPEUDP). ok or no_match.
Parsed<Opening> parse_datagram_opening(Bytes datagram);

}  // namespace netscope
