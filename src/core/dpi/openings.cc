#include "core/dpi/openings.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace netscope {
namespace {

using enum Opening::Side;

constexpr std::size_t kMaxLine = 512;  // RFC 5321, section 4.5.3.1.5; of the others no first line is longer

char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// ok when the text begins so, need_more while it may still.
ParseStatus begins(std::string_view text, std::string_view with) {
  if (!text.empty() && text.front() != with.front()) return ParseStatus::no_match;
  if (text.starts_with(with)) return ParseStatus::ok;
  return with.starts_with(text) ? ParseStatus::need_more : ParseStatus::no_match;
}

// The same in letters of either case; `with` is in capitals.
ParseStatus begins_in_any_case(std::string_view text, std::string_view with) {
  const std::size_t size = std::min(text.size(), with.size());
  const auto equal = [](char a, char b) { return to_upper(a) == b; };
  if (!std::equal(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), with.begin(), equal)) {
    return ParseStatus::no_match;
  }
  return size == with.size() ? ParseStatus::ok : ParseStatus::need_more;
}

// The first line without its end; need_more before it is there, no_match when it is longer than any.
Parsed<std::string_view> first_line(std::string_view text) {
  const std::size_t end = text.substr(0, kMaxLine).find('\n');
  if (end == std::string_view::npos) return text.size() < kMaxLine ? ParseStatus::need_more : ParseStatus::no_match;
  std::string_view line = text.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// `word` is in capitals.
bool contains_word(std::string_view line, std::string_view word) {
  const auto equal = [](char a, char b) { return to_upper(a) == b; };
  return std::search(line.begin(), line.end(), word.begin(), word.end(), equal) != line.end();
}

struct Beginning {
  std::string_view text;
  Opening opening;
};

// What stands at the very beginning and suffices.
constexpr Beginning kBeginnings[]{
    {"SSH-2.0-", {Protocol::ssh, either}},
    {"SSH-1.", {Protocol::ssh, either}},
    {"\x13"
     "BitTorrent protocol",
     {Protocol::bittorrent, either}},
    {"* OK", {Protocol::imap, server, true}},
    {"* PREAUTH", {Protocol::imap, server, true}},
    {"+OK ", {Protocol::pop3, server, true}},
    {"RTSP/1.0 ", {Protocol::rtsp, server}},
    {"RTSP/2.0 ", {Protocol::rtsp, server}},
    {"SIP/2.0 ", {Protocol::sip, either}},
};

// Commands with which clients begin, and which only one protocol has. LMTP (RFC 2033) is SMTP's.
constexpr Beginning kCommands[]{
    {"EHLO ", {Protocol::smtp, client, true}},       {"HELO ", {Protocol::smtp, client, true}},
    {"LHLO ", {Protocol::smtp, client, true}},       {"AUTH TLS\r\n", {Protocol::ftp, client, true}},
    {"AUTH SSL\r\n", {Protocol::ftp, client, true}}, {"FEAT\r\n", {Protocol::ftp, client, true}},
    {"SYST\r\n", {Protocol::ftp, client, true}},     {"CAPA\r\n", {Protocol::pop3, client, true}},
    {"STLS\r\n", {Protocol::pop3, client, true}},
};

// A greeting of "220" is a mail server's or a file server's, and says which in words.
Parsed<Opening> parse_greeting(std::string_view text) {
  const ParseStatus code = begins(text, "220");
  if (code != ParseStatus::ok) return code;
  const auto line = first_line(text);
  if (!line.ok()) return line.status;
  if (contains_word(*line, "SMTP")) return Opening{Protocol::smtp, server, true};
  if (contains_word(*line, "FTP")) return Opening{Protocol::ftp, server, true};
  return ParseStatus::no_match;
}

// "a001 CAPABILITY": a tag and a command that only IMAP has.
Parsed<Opening> parse_imap_command(std::string_view text) {
  constexpr std::size_t kMaxTag = 16;
  const auto is_alphanumeric = [](char c) {
    return (to_upper(c) >= 'A' && to_upper(c) <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(text, is_alphanumeric) - text.begin());
  if (end > kMaxTag) return ParseStatus::no_match;
  if (end == text.size()) return ParseStatus::need_more;
  if (end == 0 || text[end] != ' ') return ParseStatus::no_match;
  std::array<char, 14> command{};  // as long as the longest of them
  const std::string_view rest = text.substr(end + 1, command.size());
  for (std::size_t i = 0; i < std::min(rest.size(), command.size()); ++i) command[i] = to_upper(rest[i]);
  ParseStatus undecided = ParseStatus::no_match;
  for (const std::string_view known : {"CAPABILITY\r\n", "STARTTLS\r\n", "AUTHENTICATE "}) {
    const ParseStatus status = begins({command.data(), rest.size()}, known);
    if (status == ParseStatus::ok) return Opening{Protocol::imap, client, true};
    if (status == ParseStatus::need_more) undecided = status;
  }
  return undecided;
}

constexpr std::string_view kMethods[]{
    "INVITE ", "ACK ",   "BYE ",      "CANCEL ",        "REGISTER ",      "OPTIONS ",  "PRACK ",    "SUBSCRIBE ",
    "NOTIFY ", "INFO ",  "REFER ",    "PUBLISH ",       "MESSAGE ",       "UPDATE ",   "DESCRIBE ", "SETUP ",
    "PLAY ",   "PAUSE ", "TEARDOWN ", "GET_PARAMETER ", "SET_PARAMETER ", "ANNOUNCE ", "RECORD "};

// METHOD URI VERSION: SIP and RTSP look like HTTP, and say at the line's end that they are not.
Parsed<Opening> parse_request_line(std::string_view text) {
  if (!text.empty() && (text.front() < 'A' || text.front() > 'Z')) return ParseStatus::no_match;
  ParseStatus method = ParseStatus::no_match;
  for (const std::string_view known : kMethods) {
    const ParseStatus status = begins(text, known);
    if (status != ParseStatus::no_match) method = status;
  }
  if (method != ParseStatus::ok) return method;
  const auto line = first_line(text);
  if (!line.ok()) return line.status;
  if (line->ends_with(" SIP/2.0")) return Opening{Protocol::sip, either};
  if (line->ends_with(" RTSP/1.0") || line->ends_with(" RTSP/2.0")) return Opening{Protocol::rtsp, client};
  return ParseStatus::no_match;
}

Parsed<Opening> parse_text(std::string_view text) {
  ParseStatus undecided = ParseStatus::no_match;
  for (const Beginning& beginning : kBeginnings) {
    const ParseStatus status = begins(text, beginning.text);
    if (status == ParseStatus::ok) return beginning.opening;
    if (status == ParseStatus::need_more) undecided = status;
  }
  for (const Beginning& command : kCommands) {
    const ParseStatus status = begins_in_any_case(text, command.text);
    if (status == ParseStatus::ok) return command.opening;
    if (status == ParseStatus::need_more) undecided = status;
  }
  for (const auto& parsed : {parse_greeting(text), parse_imap_command(text), parse_request_line(text)}) {
    if (parsed.ok()) return parsed;
    if (parsed.status == ParseStatus::need_more) undecided = parsed.status;
  }
  return undecided;
}

// TPKT and the connection request or confirm of X.224, which carries RDP's cookie or its negotiation (MS-RDPBCGR,
// sections 2.2.1.1 and 2.2.1.2).
Parsed<Opening> parse_rdp(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  const std::uint8_t version = reader.u8();
  const std::uint8_t reserved = reader.u8();
  if (reader.ok() && (version != 3 || reserved != 0)) return ParseStatus::no_match;
  const std::uint16_t length = reader.u16();
  const std::uint8_t rest = reader.u8();
  const std::uint8_t code = reader.u8();
  if (!reader.ok()) return stream.empty() || version == 3 ? reader.status() : ParseStatus::no_match;
  constexpr std::uint8_t kRequest = 0xe0, kConfirm = 0xd0;
  if (length != rest + 5u || rest < 6 || (code != kRequest && code != kConfirm)) return ParseStatus::no_match;
  reader.skip(5);  // references and class
  const Bytes data = reader.take(rest - 6u);
  if (!reader.ok()) return reader.status();
  const std::string_view text = as_text(data);
  const bool cookie = text.starts_with("Cookie: mstshash=") || text.starts_with("Cookie: msts=");
  Reader tail = Reader::whole(data.last(std::min<std::size_t>(data.size(), 8)));
  const std::uint8_t type = tail.u8();
  tail.skip(1);
  const bool negotiation = tail.u16_le() == 8 && tail.ok() && type >= 1 && type <= 3;
  if (!cookie && !negotiation) return ParseStatus::no_match;
  return Opening{Protocol::rdp, code == kRequest ? client : server, true};
}

// CONNECT (MQTT 3.1.1, section 3.1): the protocol's name stands in it.
Parsed<Opening> parse_mqtt(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  constexpr std::uint8_t kConnect = 0x10;
  const std::uint8_t type = reader.u8();
  if (reader.ok() && type != kConnect) return ParseStatus::no_match;
  std::uint8_t length = 0;
  for (int i = 0; i < 4; ++i) {
    length = reader.u8();
    if (length < 0x80) break;
  }
  if (reader.ok() && length >= 0x80) return ParseStatus::no_match;
  const std::uint16_t name_size = reader.u16();
  if (reader.ok() && name_size != 4 && name_size != 6) return ParseStatus::no_match;
  const std::string_view name = as_text(reader.take(name_size));
  if (!reader.ok()) return reader.status();
  if (name != "MQTT" && name != "MQIsdp") return ParseStatus::no_match;
  return Opening{Protocol::mqtt, client};
}

namespace openvpn {
constexpr std::uint8_t kClientReset = 7 << 3, kServerReset = 8 << 3, kClientResetV3 = 10 << 3;
// Sizes in bytes: of a reset that nothing protects, of one under tls-crypt, and of the client's own wrapped key that
// tls-crypt-v2 puts behind that (doc/tls-crypt-v2.txt): a tag, two keys, perhaps more, and its length.
constexpr std::size_t kPlain = 14, kTlsCrypt = 54, kLeastWrapped = 32 + 256 + 2, kMostWrapped = 1024;
// Of the digests that tls-auth may use: MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512.
constexpr std::array<std::size_t, 6> kDigests{16, 20, 28, 32, 48, 64};
constexpr std::size_t kMostDigested = kPlain + 64 + 8;
// The first packet's number; the other one says as well that the client can negotiate early.
constexpr std::uint32_t kFirst = 1, kFirstOfEarly = 0x0f000001;

// The message that a client with a key of its own opens with.
bool is_reset_v3(Bytes message) {
  if (message.size() < kTlsCrypt + kLeastWrapped) return false;
  Reader reader = Reader::whole(message);
  reader.skip(9);
  const std::uint32_t number = reader.u32();
  const std::size_t wrapped = Reader::whole(message.last(2)).u16();
  return (number == kFirst || number == kFirstOfEarly) && wrapped <= kMostWrapped &&
         message.size() == kTlsCrypt + wrapped;
}

// A hard reset of either side: the operation, a session, and behind whatever authenticates it an empty list of
// acknowledgments and the packet number 0. With tls-crypt the end is encrypted, but the size is fixed.
bool is_reset(Bytes message, Opening& opening) {
  Reader reader = Reader::whole(message);
  const std::uint8_t operation = reader.u8();
  if (operation != kClientReset && operation != kServerReset && operation != kClientResetV3) return false;
  reader.skip(8);  // session
  opening = {Protocol::openvpn, operation == kServerReset ? server : client};
  if (message.size() == kPlain && operation == kClientReset) return reader.u8() == 0 && reader.u32() == 0;
  if (message.size() == kTlsCrypt && reader.u32() == kFirst) return true;
  if (operation == kClientResetV3) return is_reset_v3(message);
  for (const std::size_t digest : kDigests) {
    // Behind the digest: number of the packet, time, no acknowledgments, number of the message.
    if (operation != kClientReset || message.size() != kPlain + digest + 8) continue;
    Reader tail = Reader::whole(message.subspan(9 + digest));
    const bool first = tail.u32() == kFirst;
    tail.skip(4);
    return first && tail.u8() == 0 && tail.u32() == 0;
  }
  return false;
}

Parsed<Opening> parse_stream(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  const std::uint16_t length = reader.u16();
  Reader peek = reader;
  const std::size_t most = peek.u8() == kClientResetV3 ? kTlsCrypt + kMostWrapped : kMostDigested;
  if (reader.ok() && (length < kPlain || (peek.ok() && length > most))) return ParseStatus::no_match;
  const Bytes message = reader.take(length);
  Opening opening;
  if (!reader.ok()) return length > kTlsCrypt + kMostWrapped ? ParseStatus::no_match : reader.status();
  return is_reset(message, opening) ? Parsed<Opening>(opening) : ParseStatus::no_match;
}
}  // namespace openvpn

namespace stun {
constexpr std::uint32_t kMagicCookie = 0x2112a442;

// The header of RFC 8489, section 5: two zero bits, then a length in words.
Parsed<Opening> parse_stream(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  const std::uint16_t type = reader.u16();
  if (reader.ok() && type >= 0x4000) return ParseStatus::no_match;
  const std::uint16_t length = reader.u16();
  if (reader.ok() && length % 4 != 0) return ParseStatus::no_match;
  const std::uint32_t cookie = reader.u32();
  if (!reader.ok()) return type < 0x4000 ? reader.status() : ParseStatus::no_match;
  return cookie == kMagicCookie ? Parsed<Opening>({Protocol::stun, either}) : ParseStatus::no_match;
}

// RFC 3489, section 11: known types and attributes that fill the message, or else a random number of four words.
bool is_classic(Bytes datagram) {
  Reader reader = Reader::whole(datagram);
  const std::uint16_t type = reader.u16();
  const std::uint16_t length = reader.u16();
  // Requests, responses and errors, to bind and for a shared secret.
  constexpr std::array<std::uint16_t, 6> kTypes{0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112};
  if (std::ranges::find(kTypes, type) == kTypes.end() || datagram.size() != length + 20u) return false;
  for (int i = 0; i < 4; ++i) {
    if (reader.u32() == 0 && length == 0) return false;
  }
  constexpr std::uint16_t kLastAttribute = 0x000b, kOptional = 0x8000;
  while (reader.arrived() != 0) {
    const std::uint16_t attribute = reader.u16();
    const std::size_t size = reader.u16();
    const bool has_meaning = (attribute >= 1 && attribute <= kLastAttribute) || attribute >= kOptional;
    if (!has_meaning || size % 4 != 0) return false;
    reader.skip(size);
  }
  return reader.ok();
}

bool is_message(Bytes datagram) {
  Reader reader = Reader::whole(datagram);
  const std::uint16_t type = reader.u16();
  const std::uint16_t length = reader.u16();
  const std::uint32_t cookie = reader.u32();
  reader.skip(12);  // transaction
  if (!reader.ok() || type >= 0x4000) return false;
  return (length % 4 == 0 && cookie == kMagicCookie && length == reader.arrived()) || is_classic(datagram);
}
}  // namespace stun

// A message of a handshake (WireGuard's whitepaper, section 5.4): type, three zeros, and a size of its own. Some
// clients fill it up to hide that size; then what is in it tells: random numbers up to the second authentication, which
// is zero as long as no server asks for it.
bool is_wireguard(Bytes datagram) {
  constexpr std::size_t kInitiation = 148, kResponse = 92, kCookie = 64, kSecondMac = 16;
  Reader reader = Reader::whole(datagram);
  const std::uint32_t type = reader.u32_le();
  if (type == 3) return datagram.size() == kCookie;
  if (type != 1 && type != 2) return false;
  const std::size_t size = type == 1 ? kInitiation : kResponse;
  if (datagram.size() <= size) return datagram.size() == size;
  for (std::size_t at = 4; at < size; at += 4) {
    if ((reader.u32() == 0) != (at >= size - kSecondMac)) return false;
  }
  return true;
}

// The datagram by which a client asks for RDP over UDP (MS-RDPEUDP, section 3.1.5.1.1).
bool is_rdp_syn(Bytes datagram) {
  constexpr std::uint16_t kSyn = 0x0001, kOptions = 0x0200 | 0x0800 | 0x1000;  // lossy, correlation, versions
  constexpr std::uint16_t kLeastUnit = 1132, kMostUnit = 1232;
  Reader reader = Reader::whole(datagram);
  const bool nothing_acknowledged = reader.u32() == 0xffffffff;
  reader.skip(2);  // window
  const std::uint16_t flags = reader.u16();
  reader.skip(4);  // first number
  const std::uint16_t up = reader.u16();
  const std::uint16_t down = reader.u16();
  return reader.ok() && nothing_acknowledged && (flags & ~kOptions) == kSyn && std::min(up, down) >= kLeastUnit &&
         std::max(up, down) <= kMostUnit;
}

// A client's question to a tracker, which has to connect first (BEP 15).
bool is_tracker_connect(Bytes datagram) {
  Reader reader = Reader::whole(datagram);
  constexpr std::uint64_t kProtocolId = 0x41727101980;
  const std::uint64_t id = reader.u64();
  const std::uint32_t action = reader.u32();
  reader.skip(4);  // transaction
  return reader.ok() && id == kProtocolId && action == 0;
}

// SSLRequest and GSSENCRequest (PostgreSQL's documentation, "Message Formats"): a length and a code.
ParseStatus check_postgresql(std::string_view text) {
  constexpr std::string_view kRequest("\0\0\0\x08\x04\xd2\x16", 7);
  const ParseStatus status = begins(text, kRequest);
  if (status != ParseStatus::ok) return status;
  if (text.size() == kRequest.size()) return ParseStatus::need_more;
  const char code = text[kRequest.size()];
  return code == '\x2f' || code == '\x30' ? ParseStatus::ok : ParseStatus::no_match;
}

// SSLRequest (MySQL's documentation, "Protocol::SSLRequest"): a packet of 32 bytes, which answers the server's first.
ParseStatus check_mysql(Bytes stream) {
  const ParseStatus status = begins(as_text(stream), std::string_view("\x20\0\0\x01", 4));
  if (status != ParseStatus::ok) return status;
  constexpr std::uint32_t kProtocol41 = 0x200, kSsl = 0x800;
  Reader reader = Reader::prefix(stream);
  reader.skip(4);
  const std::uint32_t capabilities = reader.u32_le();
  if (!reader.ok()) return reader.status();
  return (capabilities & kProtocol41) != 0 && (capabilities & kSsl) != 0 ? ParseStatus::ok : ParseStatus::no_match;
}

// LDAPMessage (RFC 4511, section 4.1.1) with a request that may be a client's first: to bind, to search, or an extended
// one, as StartTLS is.
ParseStatus check_ldap(Bytes stream) {
  constexpr std::uint8_t kSequence = 0x30, kInteger = 0x02, kLongForm = 0x80;
  constexpr std::uint8_t kBind = 0x60, kSearch = 0x63, kExtended = 0x77;
  Reader reader = Reader::prefix(stream);
  const std::uint8_t sequence = reader.u8();
  if (reader.ok() && sequence != kSequence) return ParseStatus::no_match;
  const std::uint8_t length = reader.u8();
  if (length > kLongForm + 4 || length == kLongForm) return ParseStatus::no_match;
  if (length > kLongForm) reader.skip(length - kLongForm);
  const std::uint8_t integer = reader.u8();
  if (reader.ok() && integer != kInteger) return ParseStatus::no_match;
  const std::uint8_t id_size = reader.u8();
  if (reader.ok() && (id_size == 0 || id_size > 4)) return ParseStatus::no_match;
  reader.skip(id_size);
  const std::uint8_t request = reader.u8();
  if (!reader.ok()) return reader.status();
  return request == kBind || request == kSearch || request == kExtended ? ParseStatus::ok : ParseStatus::no_match;
}

// The first bytes that have arrived of its first line. What follows in that line is up to the client.
bool begins_with_text(std::string_view text) {
  constexpr std::size_t kTellingBytes = 4;
  constexpr auto is_text = [](char c) { return (c >= ' ' && c < 0x7f) || c == '\t' || c == '\r'; };
  const std::string_view line = text.substr(0, std::min(text.find('\n'), kTellingBytes));
  return !text.empty() && std::ranges::all_of(line, is_text);
}

// Peers of the local network (BEP 14).
bool is_local_discovery(std::string_view text) {
  return text.starts_with("BT-SEARCH * HTTP/1.1\r\n");
}

bool is_dht(std::string_view text) {
  if (!text.starts_with('d')) return false;  // as most datagrams do not
  return text.starts_with("d1:ad2:id20:") || text.starts_with("d1:rd2:id20:") || text.starts_with("d2:ip6:");
}

// The packet that opens a connection of uTP (BEP 29): nothing acknowledged, no delay measured, no data. Its number
// should be 1; a common library begins anywhere.
bool is_utp_syn(Bytes datagram) {
  Reader reader = Reader::whole(datagram);
  constexpr std::uint8_t kSynVersion1 = 0x41;
  const std::uint8_t type = reader.u8();
  std::uint8_t extension = reader.u8();
  reader.skip(6);  // connection, time
  const std::uint32_t delay = reader.u32();
  const std::uint32_t window = reader.u32();
  const std::uint16_t number = reader.u16();
  const std::uint16_t acknowledged = reader.u16();
  if (!reader.ok() || type != kSynVersion1 || delay != 0 || window == 0) return false;
  if (number == 0 || acknowledged != 0) return false;
  while (extension != 0 && reader.ok()) {
    extension = reader.u8();
    reader.skip(reader.u8());
  }
  return reader.ok() && reader.at_end();
}

}  // namespace

Parsed<Opening> parse_stream_opening(Bytes stream) {
  ParseStatus undecided = ParseStatus::no_match;
  for (const auto& parsed : {parse_text(as_text(stream)), parse_rdp(stream), parse_mqtt(stream),
                             openvpn::parse_stream(stream), stun::parse_stream(stream)}) {
    if (parsed.ok()) return parsed;
    if (parsed.status == ParseStatus::need_more) undecided = parsed.status;
  }
  return undecided;
}

ParseStatus check_may_turn_to_tls(Bytes stream) {
  const std::string_view text = as_text(stream);
  if (begins_with_text(text)) return ParseStatus::ok;
  ParseStatus undecided = ParseStatus::no_match;
  for (const ParseStatus status : {check_postgresql(text), check_mysql(stream), check_ldap(stream)}) {
    if (status != ParseStatus::no_match) undecided = status;
    if (status == ParseStatus::ok) return status;
  }
  return undecided;
}

Parsed<Opening> parse_datagram_opening(Bytes datagram) {
  if (stun::is_message(datagram)) return Opening{Protocol::stun, either};
  if (is_wireguard(datagram)) return Opening{Protocol::wireguard, either};
  const std::string_view text = as_text(datagram);
  if (is_dht(text) || is_utp_syn(datagram) || is_local_discovery(text)) return Opening{Protocol::bittorrent, either};
  if (is_tracker_connect(datagram)) return Opening{Protocol::bittorrent, client};
  if (is_rdp_syn(datagram)) return Opening{Protocol::rdp, client};
  if (text.starts_with('S') && text.starts_with("SIP/2.0 ")) return Opening{Protocol::sip, either};
  if (const auto request = parse_request_line(text); request.ok() && request->protocol == Protocol::sip) return request;
  Opening opening;
  if (openvpn::is_reset(datagram, opening)) return opening;
  return ParseStatus::no_match;
}

}  // namespace netscope
