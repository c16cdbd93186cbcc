// What a flow showed of itself: names, and what its hello said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "netscope/dpi/protocol.h"

namespace netscope {

// Fields of a ClientHello of TLS, QUIC or DTLS.
struct HelloFacts {
  std::string alpn{};
  std::string ja4{};  // of the first hello; empty where nobody wants to know
  std::uint32_t quic_version = 0;
  std::uint16_t tls_version = 0;
  bool encrypted = false;  // it has encrypted_client_hello (ECH): another hello within, or the pretence of one
};

// Names kept for one flow; more are counted and left.
inline constexpr std::size_t kMaxNamesPerFlow = 256;

// A name in the compared form, and the protocol that showed it: behind a proxy a connection shows several kinds.
// Protocol::unknown: none did, an answer of DNS gave the server's address that name (flow/learned_names.h).
struct SeenName {
  std::string name;
  Protocol protocol = Protocol::unknown;
};

// For reports. A flow has one with its first name or fingerprint.
struct ShownFacts {
  std::vector<SeenName> names;  // each once, in the order of appearance
  HelloFacts hello;
  bool more = false;  // kMaxNamesPerFlow was reached
};

}  // namespace netscope
