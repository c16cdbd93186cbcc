// What tells conditions on the flow apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "netscope/net/address.h"

namespace netscope {

// A text of bytes that is equal for conditions that hold for the same flows, as far as that is easily told: the order
// of their values and repetitions do not count. Lists are written with their length ahead. It is short, so that most
// need no memory of their own.
class Signature {
 public:
  void add(std::uint64_t number) {
    for (; number > 0x7f; number >>= 7) bytes_ += static_cast<char>(0x80 | (number & 0x7f));
    bytes_ += static_cast<char>(number);
  }
  void add(std::string_view text) {
    add(text.size());
    bytes_ += text;
  }
  void add(const IpPrefix& prefix) {
    add(static_cast<std::uint64_t>(prefix.address.version));
    add(std::uint64_t{prefix.length});
    bytes_.append(prefix.address.bytes.begin(), prefix.address.bytes.begin() + (prefix.length + 7) / 8);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace netscope
