// A frame in every damaged form: what the decoder of hostile traffic has to survive, and what it may claim then.
#pragma once

#include <gtest/gtest.h>

#include "netscope/net/headers.h"
#include "support/packets.h"

namespace netscope::test {

inline IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

// Views stay within the frame, and not more is claimed to have been on the wire than any IP packet holds.
inline void expect_within(const Headers& headers, const Buffer& frame) {
  if (headers.payload.empty()) return;
  ASSERT_GE(headers.payload.data(), frame.data());
  ASSERT_LE(headers.payload.data() + headers.payload.size(), frame.data() + frame.size());
  if (headers.status == HeaderStatus::ok) {
    ASSERT_LE(headers.payload.size(), headers.payload_on_wire);
    ASSERT_LE(headers.payload_on_wire, 65535u + frame.size());
  }
}

// Each piece lies in a block of exactly its size, so that the address sanitizer sees a read behind its end.
template <class Decode>
void expect_truncations_stay_within(const Buffer& frame, Decode decode) {
  const Headers whole = decode(frame);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    SCOPED_TRACE(size);
    const Buffer cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
    const Headers headers = decode(cut);
    expect_within(headers, cut);
    if (headers.status != HeaderStatus::ok || whole.outer.has_value() || whole.quoted) continue;
    ASSERT_LE(headers.payload.size(), whole.payload.size());
  }
}

template <class Decode>
void expect_flips_stay_within(const Buffer& frame, Decode decode) {
  for (std::size_t i = 0; i < frame.size(); ++i) {
    for (const int mask : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      SCOPED_TRACE(i);
      Buffer flipped(frame.begin(), frame.end());
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
      expect_within(decode(flipped), flipped);
    }
  }
}

inline void expect_survives_damage(const Buffer& frame, LinkType link) {
  for (const Tunnels tunnels : {Tunnels::opaque, Tunnels::look_through}) {
    const auto decode = [&](Bytes bytes) { return decode_frame(bytes, link, tunnels); };
    expect_truncations_stay_within(frame, decode);
    expect_flips_stay_within(frame, decode);
  }
}

}  // namespace netscope::test
