// The header that a proxy puts ahead of a client's stream to tell whose it is (HAProxy's "The PROXY protocol", versions
// 1 and 2). Behind it the stream begins as if nothing stood before.
#pragma once

#include <cstddef>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope {

// The length of a header at the front of `stream`. ok, need_more before its line or its 16 fixed bytes are there, or
// no_match. What version 2 adds to the fixed bytes may still be to come.
Parsed<std::size_t> parse_proxy_header(Bytes stream);

}  // namespace netscope
