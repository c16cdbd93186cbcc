// HTTP/1.x requests (RFC 9112), as far as a firewall needs them: who is asked, and where the next request begins.
#pragma once

#include <cstdint>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::http {

// The largest request head (request line and header fields) that is read, in bytes.
inline constexpr std::size_t kMaxRequestHead = 16384;

// How the body behind a request head ends (RFC 9112, section 6).
enum class Body : std::uint8_t {
  none,     // the next request follows the head
  length,   // `body_length` bytes follow
  chunked,  // chunks follow: see skip_chunks
  tunnel,   // CONNECT, or an Upgrade: what follows is not HTTP any more
};

struct Request {
  std::string_view method{};      // views into the input
  std::string_view target{};      // the request target as sent
  std::string_view host{};        // the Host field's value without surrounding white space; empty when absent
  std::string_view authority{};   // of an absolute-form or CONNECT target, else empty
  std::string_view user_agent{};  // empty when absent
  Body body = Body::none;
  std::uint64_t body_length = 0;
  std::size_t head_length = 0;  // bytes from the beginning to behind the empty line

  // The name that servers and proxies act on: an absolute target's authority overrides Host (RFC 9112, section 3.2.2).
  std::string_view effective_host() const { return authority.empty() ? host : authority; }
};

// A request head at the beginning of `stream`. Tolerates what servers tolerate: bare line feeds, empty lines ahead, white
// space around the colon, obsolete folding, unknown methods made of token characters, a second Host (the first counts).
// no_match: no request line begins like this. need_more: the Host is not reached yet. A complete Host line suffices:
// with `head_complete` false the body fields are not known yet (they stand behind it); call again with a longer prefix.
// malformed: it was a request line, but the head breaks the grammar or exceeds kMaxRequestHead.
struct RequestPrefix {
  Request request{};
  bool head_complete = false;
};
Parsed<RequestPrefix> parse_request(Bytes stream);

// Whether a stream that begins like this is HTTP from the server's side ("HTTP/1."): ok, need_more or no_match.
Parsed<bool> parse_status_line(Bytes stream);

// Walks a chunked body (RFC 9112, section 7.1). ok: its length in bytes, trailer section included. need_more: the end
// is not here; `consumed` (if any progress was made) counts bytes of whole chunks that need not be kept.
struct Chunks {
  std::uint64_t length = 0;
};
struct ChunkSkip {
  ParseStatus status = ParseStatus::need_more;
  // Bytes from the beginning that are done with; may lie beyond the input: skip that many, then call again.
  std::uint64_t skip = 0;
};
ChunkSkip skip_chunks(Bytes stream);

}  // namespace netscope::http
