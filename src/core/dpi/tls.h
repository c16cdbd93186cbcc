// TLS over a byte stream: the ClientHello (RFC 8446, section 4.1.2; RFC 5246, section 7.4.1.2; RFC 6066, section 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::tls {

// The largest handshake message that is read, in bytes: a longer body no server takes (OpenSSL's limit, the highest).
// Real ones stay below 4 KiB, post-quantum ones included.
inline constexpr std::size_t kMaxClientHello = 4 + 131'396;

struct ClientHello {
  std::string_view server_name{};  // as sent, unnormalised; empty when the extension is absent. View into the input.
  std::string_view alpn{};         // the first protocol offered; empty when absent. View into the input.
  std::uint16_t version = 0;       // the highest offered: supported_versions without GREASE, else legacy_version
  bool encrypted = false;  // an encrypted_client_hello extension is present (RFC 9849): the name is the outer one
  // False when the server_name extension was read although the message goes on behind what has arrived: the name is
  // final, alpn, version and encrypted are as far as read.
  bool complete = true;
  Bytes message{};  // all of it, from its type on, when complete; view into the input, or into the scratch
};

// "TLS 1.3", "TLS 1.0", "SSL 3.0", ...; "TLS 1.3 draft" for the numbers its drafts used, "unknown" for the rest.
std::string_view version_name(std::uint16_t version);

// The handshake message of a ClientHello, from its type byte on; TCP records and QUIC CRYPTO frames both end here.
// ok as soon as the server_name extension is read (see `complete`), otherwise when the whole message has arrived.
// no_match: something else, or longer than kMaxClientHello.
Parsed<ClientHello> parse_client_hello(Bytes handshake);
// The same for DTLS, whose hello has a cookie (RFC 6347, section 4.2.1): type, length of 24 bits, and the body joined
// of its fragments.
Parsed<ClientHello> parse_dtls_client_hello(Bytes handshake);

// A ClientHello at the beginning of a stream of records, split over any number of records and segments. Where the
// message spans several records its bytes are joined in `scratch`, which must hold kMaxClientHello bytes and whose
// contents the returned views may point to. `stream` and `scratch` must outlive the result. SSLv2-compatible hellos
// (RFC 5246, appendix E.2) carry no name and are ok without one. ChangeCipherSpec records ahead of the hello, empty or
// ordinary, are passed over, as by servers that keep up appearances for middleboxes (RFC 8446, appendix D.4).
Parsed<ClientHello> parse_records(Bytes stream, std::span<std::uint8_t> scratch);

// The first place in `stream` where a handshake record may begin, by the two bytes that never differ, or by the first
// of them at the end; the stream's size where there is none.
std::size_t find_handshake_record(Bytes stream);

// Whether a stream that begins like this is TLS from the *server's* side (a ServerHello or an alert record).
// ok, need_more or no_match; the value is true for a ServerHello.
Parsed<bool> parse_server_records(Bytes stream);

// Of a stream that begins with a ServerHello: whether it is a HelloRetryRequest (RFC 8446, section 4.1.3), which the
// client answers with a second hello. ok, or need_more before its first 43 bytes are there.
Parsed<bool> parse_retry_request(Bytes stream);

// The length of the records at the front of `stream` that carry its first `message_size` bytes of handshake; as much as
// there is of them. Records of ChangeCipherSpec ahead of it count as well.
std::size_t length_of_records(Bytes stream, std::size_t message_size);

// The length of a record at the front of `stream`, its header included, that may stand between a first and a second
// hello: early data, or the ChangeCipherSpec of RFC 8446, appendix D.4. ok, need_more before its header is there, or
// no_match.
Parsed<std::size_t> parse_record_between_hellos(Bytes stream);

}  // namespace netscope::tls
