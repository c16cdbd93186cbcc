// TLS ClientHellos. Two layers, two functions: `gather` joins the handshake message out of records, and
// parse_client_hello reads it. What a client sends to slip past (one byte a record, a hello of 100 KiB, the name behind
// megabytes of padding) ends where no server would read on, at kMaxClientHello.
#include "core/dpi/tls.h"

#include <algorithm>
#include <array>

#include "core/dpi/tls_values.h"

namespace netscope::tls {
namespace {

// RFC 8446, section 5.1 and appendix B.
constexpr std::uint8_t kAlertRecord = 21;
constexpr std::uint8_t kServerHello = 2;

// The first host_name of the list (RFC 6066, section 3); an empty extension is an empty name.
Parsed<std::string_view> parse_server_name(Reader content) {
  if (content.at_end()) return std::string_view{};
  Reader list = content.child_u16();
  while (!list.at_end()) {
    const std::uint8_t name_type = list.u8();
    const std::uint16_t length = list.u16();
    const Bytes name = list.take(length);
    if (list.ok() && name_type == 0) return as_text(name);
  }
  if (!list.ok()) return list.status();
  return std::string_view{};
}

Parsed<std::string_view> parse_first_alpn(Reader content) {
  Reader list = content.child_u16();
  const std::uint8_t length = list.u8();
  const Bytes protocol = list.take(length);
  if (!list.ok()) return list.status();
  return as_text(protocol);
}

// The highest version that the field knows; the numbers of drafts and experiments count only where there is no other.
Parsed<std::uint16_t> parse_supported_versions(Reader content) {
  Reader list = content.child_u8();
  std::uint16_t official = 0, other = 0;
  while (!list.at_end()) {
    const std::uint16_t version = list.u16();
    if (is_grease(version)) continue;
    std::uint16_t& highest = version >> 8 == kMajorVersion ? official : other;
    highest = std::max(highest, version);
  }
  if (!list.ok()) return list.status();
  return official != 0 ? official : other;
}

// Reads one extension's content, which is here entirely. ok or malformed.
ParseStatus read_extension(std::uint16_t type, Bytes content, ClientHello& hello) {
  switch (type) {
    case kServerNameExtension: {
      const auto name = parse_server_name(Reader::whole(content));
      if (name.ok()) hello.server_name = *name;
      return name.status;
    }
    case kAlpnExtension: {
      const auto protocol = parse_first_alpn(Reader::whole(content));
      if (protocol.ok()) hello.alpn = *protocol;
      return protocol.status;
    }
    case kSupportedVersionsExtension: {
      const auto version = parse_supported_versions(Reader::whole(content));
      if (version.ok() && *version != 0) hello.version = *version;
      return version.status;
    }
    case kEncryptedHelloExtension:
    case kEncryptedNameExtension: hello.encrypted = true; return ParseStatus::ok;
    default:  // the registry is open, and most of it does not concern us
      return ParseStatus::ok;
  }
}

// ok, need_more or malformed. `name_read` says whether the server_name extension was among what was read.
ParseStatus read_extensions(Reader extensions, ClientHello& hello, bool& name_read) {
  while (!extensions.at_end()) {
    const std::uint16_t type = extensions.u16();
    const std::uint16_t length = extensions.u16();
    const Bytes content = extensions.take(length);
    if (!extensions.ok()) break;
    if (type == kServerNameExtension && name_read) return ParseStatus::malformed;  // RFC 8446, section 4.2
    if (const ParseStatus status = read_extension(type, content, hello); status != ParseStatus::ok) return status;
    name_read = name_read || type == kServerNameExtension;
  }
  return extensions.status();
}

enum class Transport : std::uint8_t { stream, datagrams };

// ok, need_more or malformed, for the message behind its type and length.
ParseStatus read_hello(Reader body, Transport transport, ClientHello& hello, bool& name_read) {
  hello.version = body.u16();
  body.skip(32);                                                // random
  body.skip(body.u8());                                         // session id
  if (transport == Transport::datagrams) body.skip(body.u8());  // cookie
  body.skip(body.u16());                                        // cipher suites
  body.skip(body.u8());                                         // compression methods
  if (body.at_end()) return body.status();
  Reader extensions = body.child_u16();
  if (!body.ok()) return body.status();
  return read_extensions(extensions, hello, name_read);  // bytes behind them are left to the server's taste
}

// How long a ClientHello is, with its type and length. no_match for what no server would read as one.
Parsed<std::size_t> parse_length(Bytes handshake) {
  Reader reader = Reader::prefix(handshake);
  const std::uint8_t type = reader.u8();
  if (reader.ok() && type != kClientHello) return ParseStatus::no_match;
  const std::uint32_t length = reader.u24();
  if (!reader.ok()) return reader.status();
  if (4 + length > kMaxClientHello) return ParseStatus::no_match;
  return std::size_t{4} + length;
}

// The part of a handshake message that a stream of records has brought so far.
struct Gathered {
  ParseStatus status = ParseStatus::need_more;  // need_more, no_match before the message begins, malformed within it
  Bytes message{};
};

Gathered gather(Bytes stream, std::span<std::uint8_t> scratch) {
  Gathered out;
  Reader records = Reader::prefix(stream);
  std::size_t wanted = std::min(kMaxClientHello, scratch.size());
  while (out.message.size() < wanted) {
    const ParseStatus failure = out.message.empty() ? ParseStatus::no_match : ParseStatus::malformed;
    const std::uint8_t content_type = records.u8();
    const bool passed_over = content_type == kChangeCipherSpec && out.message.empty();
    if (records.ok() && content_type != kHandshakeRecord && !passed_over) return {failure, out.message};
    const std::uint8_t major = records.u8();
    if (records.ok() && major != kMajorVersion) return {failure, out.message};
    records.skip(1);  // 0x0300 to 0x0304 are seen, and servers take others
    const std::uint16_t length = records.u16();
    if (!records.ok()) break;
    if (length > (passed_over ? kMaxChangeCipherSpec : kMaxRecord)) return {failure, out.message};
    if (passed_over) {
      records.skip(length);
      continue;
    }

    const Bytes arrived = records.child(length).rest();
    const Bytes fragment = arrived.first(std::min(arrived.size(), wanted - out.message.size()));
    if (out.message.empty()) {
      out.message = fragment;  // the usual hello has one record: no copy
    } else {
      if (out.message.data() != scratch.data()) std::ranges::copy(out.message, scratch.begin());
      std::ranges::copy(fragment, scratch.begin() + static_cast<std::ptrdiff_t>(out.message.size()));
      out.message = scratch.first(out.message.size() + fragment.size());
    }
    const Parsed<std::size_t> total = parse_length(out.message);
    if (total.status == ParseStatus::no_match) return {ParseStatus::no_match, {}};
    if (total.ok()) wanted = std::min(wanted, *total);
  }
  return out;
}

// A hello in the form of SSL 2.0 (RFC 5246, appendix E.2).
Parsed<ClientHello> parse_ssl2(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  const std::uint16_t header = reader.u16();
  const std::uint8_t type = reader.u8();
  if (reader.ok() && type != kClientHello) return ParseStatus::no_match;
  const std::uint16_t version = reader.u16();
  if (reader.ok() && version != 0x0002 && version >> 8 != kMajorVersion) return ParseStatus::no_match;
  const std::uint16_t cipher_bytes = reader.u16();
  const std::uint16_t session_bytes = reader.u16();
  const std::uint16_t challenge_bytes = reader.u16();
  if (!reader.ok()) return reader.status();
  const bool plausible = cipher_bytes > 0 && cipher_bytes % 3 == 0 && (session_bytes == 0 || session_bytes == 16) &&
                         challenge_bytes >= 16 && challenge_bytes <= 32;
  constexpr std::uint32_t kFixed = 9;
  if (!plausible || (header & 0x7fff) != kFixed + cipher_bytes + session_bytes + challenge_bytes) {
    return ParseStatus::no_match;
  }
  reader.skip(std::size_t{cipher_bytes} + session_bytes + challenge_bytes);
  if (!reader.ok()) return reader.status();
  return ClientHello{.version = version};
}

Parsed<ClientHello> parse_hello(Bytes handshake, Transport transport) {
  const Parsed<std::size_t> total = parse_length(handshake);
  if (!total.ok()) return total.status;
  Reader message = Reader::prefix(handshake);
  message.skip(4);

  ClientHello hello;
  bool name_read = false;
  const ParseStatus status = read_hello(message.child(*total - 4), transport, hello, name_read);
  if (status == ParseStatus::malformed) return status;
  hello.complete = handshake.size() >= *total;
  if (hello.complete) hello.message = handshake.first(*total);
  return hello.complete || name_read ? Parsed<ClientHello>(hello) : ParseStatus::need_more;
}

}  // namespace

std::string_view version_name(std::uint16_t version) {
  switch (version) {
    case 0x0002: return "SSL 2.0";
    case 0x0300: return "SSL 3.0";
    case 0x0301: return "TLS 1.0";
    case 0x0302: return "TLS 1.1";
    case 0x0303: return "TLS 1.2";
    case 0x0304: return "TLS 1.3";
    case 0xfeff: return "DTLS 1.0";
    case 0xfefd: return "DTLS 1.2";
    case 0xfefc: return "DTLS 1.3";
    default: return version >> 8 == 0x7f || version >> 8 == 0xfb ? "TLS 1.3 draft" : "unknown";
  }
}

Parsed<ClientHello> parse_client_hello(Bytes handshake) {
  return parse_hello(handshake, Transport::stream);
}

Parsed<ClientHello> parse_dtls_client_hello(Bytes handshake) {
  return parse_hello(handshake, Transport::datagrams);
}

Parsed<ClientHello> parse_records(Bytes stream, std::span<std::uint8_t> scratch) {
  if (Reader::prefix(stream).u8() >= 0x80) return parse_ssl2(stream);
  const Gathered gathered = gather(stream, scratch);
  if (gathered.status == ParseStatus::no_match || gathered.message.empty()) return gathered.status;
  const Parsed<ClientHello> hello = parse_client_hello(gathered.message);
  // Records that break off in the middle of the message take nothing back of a name that was read before.
  return hello.status == ParseStatus::need_more ? Parsed<ClientHello>(gathered.status) : hello;
}

std::size_t find_handshake_record(Bytes stream) {
  auto at = std::ranges::find(stream, kHandshakeRecord);
  while (at != stream.end() && at + 1 != stream.end() && *(at + 1) != kMajorVersion) {
    at = std::find(at + 1, stream.end(), kHandshakeRecord);
  }
  return static_cast<std::size_t>(at - stream.begin());
}

Parsed<bool> parse_server_records(Bytes stream) {
  Reader reader = Reader::prefix(stream);
  const std::uint8_t content_type = reader.u8();
  if (reader.ok() && content_type != kHandshakeRecord && content_type != kAlertRecord) return ParseStatus::no_match;
  const std::uint8_t major = reader.u8();
  if (reader.ok() && major != kMajorVersion) return ParseStatus::no_match;
  reader.skip(1);
  const std::uint16_t length = reader.u16();
  if (reader.ok() && (length == 0 || length > kMaxRecord)) return ParseStatus::no_match;
  // A handshake type, or the level of an alert: 1 or 2, with its description behind it.
  const std::uint8_t first = reader.u8();
  if (!reader.ok()) return reader.status();
  if (content_type == kHandshakeRecord) return first == kServerHello ? Parsed<bool>(true) : ParseStatus::no_match;
  return length == 2 && (first == 1 || first == 2) ? Parsed<bool>(false) : ParseStatus::no_match;
}

Parsed<bool> parse_retry_request(Bytes stream) {
  constexpr std::size_t kBeforeRandom = kRecordHeader + 4 + 2;  // the message's header, and its version
  constexpr std::array<std::uint8_t, 32> kRetry{0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                                0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                                0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
  Reader reader = Reader::prefix(stream);
  reader.skip(kBeforeRandom);
  const Bytes random = reader.take(kRetry.size());
  if (!reader.ok()) return ParseStatus::need_more;
  return std::ranges::equal(random, kRetry);
}

std::size_t length_of_records(Bytes stream, std::size_t message_size) {
  Reader reader = Reader::prefix(stream);
  for (std::size_t carried = 0; carried < message_size && reader.ok();) {
    const std::uint8_t content_type = reader.u8();
    reader.skip(2);  // version
    const std::uint16_t length = reader.u16();
    reader.skip(length);
    if (content_type == kHandshakeRecord) carried += length;
  }
  return reader.ok() ? stream.size() - reader.arrived() : stream.size();
}

Parsed<std::size_t> parse_record_between_hellos(Bytes stream) {
  constexpr std::uint8_t kApplicationData = 23;
  Reader reader = Reader::prefix(stream);
  const std::uint8_t content_type = reader.u8();
  if (reader.ok() && content_type != kChangeCipherSpec && content_type != kApplicationData)
    return ParseStatus::no_match;
  const std::uint8_t major = reader.u8();
  if (reader.ok() && major != kMajorVersion) return ParseStatus::no_match;
  reader.skip(1);
  const std::uint16_t length = reader.u16();
  if (!reader.ok()) return reader.status();
  return length <= kMaxRecord ? Parsed<std::size_t>(kRecordHeader + length) : ParseStatus::no_match;
}

}  // namespace netscope::tls
