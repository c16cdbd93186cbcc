// QUIC packets as a client or server would write them, really encrypted. The keys and the protection are made here with
// nettle's own functions, apart from the product's port, so that the two cannot agree on a mistake.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "support/byte_writer.h"
#include "support/payloads.h"

namespace netscope::test {

constexpr std::uint32_t kQuicVersion1 = 1, kQuicVersion2 = 0x6b3343cf, kQuicVersion2Draft = 0x709a50c4,
                        kQuicDraft22 = 0xff000016, kQuicDraft23 = 0xff000017, kQuicDraft29 = 0xff00001d,
                        kQ050 = 0x51303530;

struct QuicInitialOptions {
  std::uint32_t version = kQuicVersion1;
  std::uint32_t like = 0;  // the version whose salt, labels and types it has; 0: its own
  Buffer destination = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
  Buffer keys_of = {};  // the connection id that the keys follow from; empty: `destination`
  Buffer source = {};
  Buffer token = {};
  std::uint32_t number = 0;
  unsigned number_bytes = 4;
  std::size_t datagram_bytes = 1200;  // padded to this with PADDING frames; 0: as long as it comes
  bool from_server = false;
};
// A protected Initial packet (RFC 9001, section 5) with these frames.
Buffer quic_initial(Bytes frames, const QuicInitialOptions& options = {});

// Frames (RFC 9000, section 19).
Buffer crypto_frame(std::uint64_t offset, Bytes data);
Buffer ping_frame();
Buffer padding_frames(std::size_t count);
Buffer ack_frame(std::uint64_t largest, std::size_t further_ranges = 0);
Buffer connection_close_frame(std::string_view reason);
Buffer varint(std::uint64_t value);  // in the least bytes

// `message` in CRYPTO frames of `frame_bytes`, in order.
std::vector<Buffer> crypto_frames(Bytes message, std::size_t frame_bytes);

// Other packets. What they carry is noise: nobody but their ends can read it.
Buffer quic_handshake(const QuicInitialOptions& options = {}, std::size_t size = 300);
Buffer quic_zero_rtt(const QuicInitialOptions& options = {}, std::size_t size = 300);
Buffer quic_short(std::size_t size = 300, std::uint64_t seed = 5);
Buffer quic_retry(const QuicInitialOptions& options = {});
Buffer quic_version_negotiation(const std::vector<std::uint32_t>& versions);

// A datagram with a whole hello to that name.
Buffer quic_hello(std::string_view name, const QuicInitialOptions& options = {}, const HelloOptions& hello = {});

// Google's CHLO, alone and in a datagram of Q043 or Q046.
Buffer google_chlo(std::string_view name);
Buffer google_q043(std::string_view name);
Buffer google_q046(std::string_view name);

}  // namespace netscope::test
