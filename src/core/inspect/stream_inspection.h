// One direction of a TCP connection while it is read for names.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dpi/http2.h"
#include "core/inspect/awaited.h"
#include "core/inspect/hello_search.h"
#include "core/inspect/stream_mode.h"
#include "core/inspect/stream_prefix.h"

namespace netscope {

// Bytes of a client in which a hello is looked for behind an opening that may turn to TLS. What it says before its
// hello is some commands, with names and passwords.
inline constexpr std::uint32_t kMaxSearched = 64 * 1024;

struct StreamInspection {
  StreamPrefix prefix;
  StreamMode mode = StreamMode::detect;
  bool dns_port = false;       // what is nothing else is DNS, even where the first message cannot be read
  std::uint32_t segments = 0;  // with payload, in `detect` and `resync`; in `http2`, header blocks that were read
  std::uint64_t in_doubt = 0;  // HTTP: bytes ahead that are a body to some servers and requests to others
  bool broken = false;         // it has the form of TLS or HTTP, and cannot be read
  bool beyond_limit = false;   // it was given up at a limit, and might have shown a name
  bool from_server = false;    // known to be the server's: no hello begins in it
  std::uint32_t searched = 0;  // bytes, in `upgrade`; no more than kMaxSearched and the last segment
  Awaited awaited;             // in what is there without a gap, and in the last copies of it
  Awaited other_awaited;
  HelloSearch search;          // in `upgrade`
  http2::BlockCount blocks{};  // in `http2`

  std::size_t memory_bytes() const { return prefix.memory_bytes() + search.memory_bytes(); }

  // As it was made; a little memory stays.
  void clear() {
    prefix.clear();
    mode = StreamMode::detect;
    dns_port = false;
    segments = 0;
    in_doubt = 0;
    broken = beyond_limit = from_server = false;
    searched = 0;
    awaited.anything();
    other_awaited.anything();
    search.clear();
    blocks = {};
  }
};

// Urgent bytes of one direction until the other answers; a segment with one more cannot be judged.
inline constexpr std::size_t kMaxUrgentMarks = 16;

}  // namespace netscope
