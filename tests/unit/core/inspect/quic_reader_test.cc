#include "core/inspect/quic_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "support/quic_packets.h"

namespace netscope::test {
namespace {

// A hello that is padded to nearly the largest size, with its name at the end.
Buffer large_hello(std::string_view name) {
  const Buffer list = ByteWriter().u8(0).counted_u16(as_bytes(name));
  const Buffer extensions =
      ByteWriter().u16(21).counted_u16(Buffer(60'000, 0)).u16(0).counted_u16(ByteWriter().counted_u16(list).buffer());
  const Buffer body =
      ByteWriter().u16(0x0303).fill(32, 7).u8(0).counted_u16(Buffer(60'000, 1)).u16(0x0100).counted_u16(extensions);
  return ByteWriter().u8(1).counted_u24(body);
}

TEST(QuicReader, ReadsTheNameAtTheEndOfALargeHello) {
  const Buffer message = large_hello("last.example");
  QuicReader reader;
  QuicInspection inspection;
  std::string seen;
  std::uint32_t number = 0;
  for (const Buffer& frame : crypto_frames(message, 1100)) {
    EXPECT_EQ(seen, "") << number;
    const Buffer datagram = quic_initial(frame, {.number = number++});
    reader.begin(inspection, datagram);
    for (Sighting sighting; reader.next(sighting);) seen += sighting.name.view();
  }
  EXPECT_EQ(seen, "last.example");
  EXPECT_TRUE(inspection.understood);
}

// A hello that was told, and its first half once more: nothing new. Another copy of it: another name.
TEST(QuicReader, ReadsAgainWhatIsNewAndNothingElse) {
  const Buffer message = client_hello_message("one.example");
  QuicReader reader;
  QuicInspection inspection;
  const auto names = [&](const Buffer& frames, std::uint32_t number) {
    const Buffer datagram = quic_initial(frames, {.number = number});
    reader.begin(inspection, datagram);
    std::string seen;
    for (Sighting sighting; reader.next(sighting);) seen += sighting.name.view();
    return seen;
  };
  EXPECT_EQ(names(crypto_frame(0, message), 0), "one.example");
  EXPECT_EQ(names(crypto_frame(0, Bytes(message).first(message.size() / 2)), 1), "");
  EXPECT_EQ(names(crypto_frame(0, client_hello_message("two.example")), 2), "two.example");
}

}  // namespace
}  // namespace netscope::test
