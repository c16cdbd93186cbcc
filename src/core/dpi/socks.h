// SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): whom a client asks its proxy for, and where what it says to that one begins.
#pragma once

#include <cstddef>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::socks {

struct Request {
  std::string_view host{};  // as sent, when it is a name and no address; a view into the input
  std::size_t length = 0;   // bytes from the beginning to behind the request
};

// All that a client has said so far: for version 5 its greeting, its user and password if it has one to give, and its
// request. ok: the request is there. need_more: it may be one; a greeting alone is none. no_match: it is none.
// A request of version 4 that names an address is one only where nothing follows it, since a client waits for the
// answer, and three bytes of it are all that is certain.
Parsed<Request> parse_request(Bytes stream);

}  // namespace netscope::socks
