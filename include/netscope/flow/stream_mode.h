// How one direction of a TCP connection is read.
#pragma once

#include <cstdint>

namespace netscope {

// How one direction of a TCP connection is read.
enum class StreamMode : std::uint8_t {
  detect,   // from its first bytes
  request,  // HTTP: at the beginning of a request, or of what a request turned the connection into
  chunked,  // HTTP: within a chunked body
  dns,      // DNS: at the beginning of a message
  upgrade,  // a protocol that may turn to TLS; each segment may begin a hello
  resync,   // position lost or never known; each segment may begin a request or a hello
  done,     // nothing more to learn
};

}  // namespace netscope
