// HTTP/1.x requests (RFC 9112), as far as a firewall needs them: who is asked, and where the next request begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::http {

// The largest request head (request line and header fields) that is read, in bytes. What servers take differs, and most
// can be told to take more: a line of 8 KiB to 64 KiB, and fields of 64 KiB together.
inline constexpr std::size_t kMaxRequestHead = 96 * 1024;

// Where the next request begins (RFC 9112, section 6).
enum class Body : std::uint8_t {
  none,     // right behind the head
  length,   // behind `body_length` bytes
  chunked,  // behind chunks: see skip_chunks
  tunnel,   // cannot be told from here: CONNECT, the preface of HTTP/2, or length fields that contradict each other
};

// An Upgrade is no tunnel: a server that does not take it goes on reading requests (RFC 9110, section 7.8), and what
// follows where it does answers no_match.
struct Request {
  std::string_view method{};  // views into the input
  std::string_view target{};  // the request target as sent
  // The first Host field's value without surrounding white space; empty when absent.
  std::string_view host{};
  // The first other Host field that differs from it (by more than letter case), for servers that take the last.
  std::string_view second_host{};
  std::string_view authority{};   // of an absolute-form or CONNECT target, user information included; else empty
  std::string_view user_agent{};  // empty when absent
  bool http2_preface = false;     // "PRI * HTTP/2.0" (RFC 9113, section 3.4): no request, but HTTP/2 from here on
  bool websocket = false;         // asks for a WebSocket (RFC 6455, section 4.1)
  bool dns_message = false;       // carries a DNS message, or asks for one (RFC 8484, section 4.1)
  Body body = Body::none;
  std::uint64_t body_length = 0;
  // The length belongs to a method whose requests have no body that means anything: servers read it, or read what
  // stands there as the next request (RFC 9110, section 9.3.1).
  bool body_in_doubt = false;
  std::size_t head_length = 0;  // bytes from the beginning to behind the empty line

  // The name that servers and proxies act on: an absolute target's authority overrides Host (RFC 9112, section 3.2.2).
  std::string_view effective_host() const { return authority.empty() ? host : authority; }
};

struct RequestPrefix {
  Request request{};
  bool head_complete = false;
};

// A request head at the beginning of `stream`. Tolerates what servers tolerate: bare line feeds, empty lines ahead,
// white space around the colon, obsolete folding, lines that are no field, a second Host, a target with spaces,
// HTTP/0.9. Methods that are not registered need "HTTP/1.1" or the like at the end of their line. ok: the first Host
// line or the whole head is here. With `head_complete` false what stands behind the Host line (other fields, body and
// lengths) is as far as read: call again with a longer prefix. no_match: no request line begins like this. need_more:
// neither Host nor the head's end has been reached. malformed: it was a request line, and no Host follows within
// kMaxRequestHead bytes.
Parsed<RequestPrefix> parse_request(Bytes stream);

// Whether a stream that begins like this is HTTP from the server's side ("HTTP/1."): ok, need_more or no_match.
ParseStatus parse_status_line(Bytes stream);

// Walks a chunked body (RFC 9112, section 7.1) from the beginning of a chunk.
// ok: the body ends `skip` bytes on, its trailer section included.
// need_more: `skip` bytes (perhaps none) are whole chunks; call again with what follows them. The last of them may end
// beyond what has arrived.
// malformed: `skip` bytes on stands no chunk.
struct ChunkSkip {
  ParseStatus status = ParseStatus::need_more;
  std::uint64_t skip = 0;
  std::size_t trailer = 0;  // where the trailer section begins; 0 before the last chunk
};
ChunkSkip skip_chunks(Bytes stream);

}  // namespace netscope::http
