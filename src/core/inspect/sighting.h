// One thing that inspection saw: a protocol, a name, a hello, a question.
#pragma once

#include <cstdint>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/dpi/protocol.h"
#include "netscope/net/host_name.h"

namespace netscope {

// Fields of a ClientHello (dpi/shown.h) as views of the packet.
struct HelloView {
  Bytes message{};  // all of it, where all of it is there
  std::string_view alpn{};
  std::uint16_t tls_version = 0;
  std::uint32_t quic_version = 0;
  bool encrypted = false;
};

// Views live as long as the bytes that were inspected.
struct Sighting {
  Protocol protocol = Protocol::unknown;
  Protocol service = Protocol::unknown;  // what it is used for, as far as the message itself tells
  enum class Side : std::uint8_t { client, server, either } side = Side::either;  // who talks like this
  HostName name = {};                                                             // empty: none was shown
  bool complete = true;     // false: the message goes on; the same name will be seen again
  bool asks_again = false;  // tls: the server wants another hello
  HelloView hello{};
  std::string_view method{}, target{}, user_agent{};  // http, http2
  std::uint16_t dns_id = 0, dns_type = 0;
  std::uint8_t dns_rcode = 0;
  bool dns_response = false;
  bool unreadable = false;  // dns: a message that shows no question; unknown: what stands in the place of one
};

}  // namespace netscope
