// DTLS 1.2 datagrams (RFC 6347) as a client writes them.
#pragma once

#include <string_view>

#include "support/payloads.h"

namespace netscope::test {

// The body of a ClientHello, without the header of its message.
Buffer dtls_client_hello_body(std::string_view name, const Buffer& cookie = {});
// One record with a stretch of that body.
Buffer dtls_fragment(Bytes body, std::size_t offset, std::size_t size, std::uint16_t message = 0,
                     std::uint8_t type = 1);
// A datagram with the whole hello in one record.
Buffer dtls_client_hello(std::string_view name, const Buffer& cookie = {}, std::uint16_t message = 0);
// The server's request to say it again with a cookie.
Buffer dtls_hello_verify(const Buffer& cookie);

}  // namespace netscope::test
