// HTTP/2 as clients and servers without TLS speak it (RFC 9113), packed by HPACK (RFC 7541) in its plainest form.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "support/byte_writer.h"

namespace netscope::test {

struct Http2Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
};
Buffer http2_frame(const Http2Frame& frame, Bytes payload);
// Header fields as literals that nobody remembers.
Buffer plain_fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
// A preface with the client's settings.
Buffer http2_preface();
// One frame with the whole header block of a GET that ends its stream.
Buffer http2_get(std::string_view authority, std::string_view path = "/", std::uint32_t stream = 1);
// The server's settings and a 200 without a body.
Buffer http2_answer(std::uint32_t stream = 1);

}  // namespace netscope::test
