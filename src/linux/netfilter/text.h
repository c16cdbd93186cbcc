// What both forms of the rules write alike.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace netscope::netfilter {

// What tells a client's first datagram of QUIC to the kernel: its length with the UDP header (RFC 9000, section 14.1),
// the two upper bits of its first byte (section 17.2), and the four bytes behind that, a version that can be read.
inline constexpr unsigned kInitialLength = 1208, kLongHeader = 3;
struct VersionRange {
  std::uint32_t first, last;
};
inline constexpr std::array kQuicVersions{
    VersionRange{0x00000001, 0x00000001},                                        // RFC 9000
    VersionRange{0x51303000, 0x5130ffff},                                        // Google's Q0xx
    VersionRange{0x54303000, 0x5430ffff},                                        // and T0xx
    VersionRange{0x6b3343cf, 0x6b3343cf},                                        // RFC 9369
    VersionRange{0x709a50c4, 0x709a50c4},                                        // and its drafts
    VersionRange{0xfaceb000, 0xfaceb0ff},                                        // Facebook's
    VersionRange{0xfacefeed, 0xfacefeed}, VersionRange{0xff000000, 0xff0000ff},  // drafts of RFC 9000
};

// "0xff000000"
std::string hex(std::uint32_t number);

}  // namespace netscope::netfilter
