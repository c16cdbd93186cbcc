// Where hellos may begin in a conversation that may turn to TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/dpi/tls_progress.h"

namespace netscope {

// Beginnings that are followed at once, within one another; one more, and those are given up.
inline constexpr std::size_t kMaxBeginningsOfHellos = 192;

struct HelloSearch {
  struct Beginning {
    std::uint32_t at = 0;  // sequence number
    tls::HelloProgress progress{};
  };
  std::vector<Beginning> beginnings;  // that wait for more, ascending
  std::uint32_t to = 0;               // sequence number: what lies before was searched
  bool begun = false;
  std::size_t work = 0;  // bytes that were looked at, each as often as it was

  // Goes on with what is there now: `size` bytes from `position` on.
  void go_on(std::uint32_t position, std::size_t size);
  std::size_t memory_bytes() const { return beginnings.capacity() * sizeof(Beginning); }
  // As it was made; no memory stays.
  void clear() { *this = {}; }
};

}  // namespace netscope
