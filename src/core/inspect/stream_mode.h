// How one direction of a TCP connection is read.
#pragma once

#include <cstdint>

namespace netscope {

// How one direction of a TCP connection is read.
enum class StreamMode : std::uint8_t {
  detect,   // from its first bytes
  request,  // HTTP: at the beginning of a request, or of what a request turned the connection into
  chunked,  // HTTP: within a chunked body
  http2,    // HTTP/2: anywhere behind its preface, which is kept with all that follows
  dns,      // DNS: at the beginning of a message
  greeted,  // TLS 1.3: behind a hello, which the server may want once more
  answer,   // TLS: a ServerHello, or the server's wish for another hello
  upgrade,  // a conversation that may turn to TLS; a hello may begin anywhere
  resync,   // position lost or never known; each segment may begin a request or a hello
  done,     // nothing more to learn
};

}  // namespace netscope
