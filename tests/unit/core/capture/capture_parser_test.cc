#include "netscope/capture/capture_parser.h"

#include <gtest/gtest.h>

#include "support/capture_writer.h"
#include "support/payloads.h"
#include "unit/core/capture/read_capture.h"

namespace netscope::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

const Time kFine = kTestTime + 123'456'789ns;
const Time kCoarse = kTestTime + 123'456'000ns;
const Packet kPacket = ethernet().ipv4("192.168.1.20", "203.0.113.9").udp(5000, 53).payload("query");
const Buffer kFrame = kPacket.bytes();

Buffer patched(Buffer file, std::size_t offset, const Buffer& bytes) {
  std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(offset));
  return file;
}

void expect_one_frame(const Capture& capture, Time at) {
  ASSERT_EQ(capture.error, "");
  ASSERT_EQ(capture.packets.size(), 1u);
  EXPECT_EQ(capture.packets[0].bytes, kFrame);
  EXPECT_EQ(capture.packets[0].at, at);
  EXPECT_EQ(capture.packets[0].size_on_wire, kFrame.size());
  EXPECT_EQ(capture.packets[0].link, LinkType::ethernet);
}

TEST(Pcap, IsReadInBothOrdersAndBothResolutions) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    expect_one_frame(read(PcapWriter({.nanoseconds = false, .order = order}).add(kFine, kFrame).file()), kCoarse);
    expect_one_frame(read(PcapWriter({.nanoseconds = true, .order = order}).add(kFine, kFrame).file()), kFine);
  }
}

TEST(Pcap, TheModifiedVariantHasALongerRecordHeader) {
  Buffer file = PcapWriter().add(kCoarse, kFrame).file();
  file = patched(file, 0, {0x34, 0xcd, 0xb2, 0xa1});
  file.insert(file.begin() + 24 + 16, 8, 0);
  expect_one_frame(read(file), kCoarse);
}

TEST(Pcap, TheLinkTypeMayCarryTheLengthOfACheckSequence) {
  const Buffer file = PcapWriter().add(kCoarse, kFrame).file();
  expect_one_frame(read(patched(file, 22, {0x00, 0x44})), kCoarse);
}

TEST(Pcap, RecordsThatTheSnapLengthCutKeepTheirSizeOnTheWire) {
  const Capture capture = read(PcapWriter({.snap_length = 20}).add(kFine, kFrame).file());
  ASSERT_EQ(capture.packets.size(), 1u);
  EXPECT_EQ(capture.packets[0].bytes.size(), 20u);
  EXPECT_EQ(capture.packets[0].size_on_wire, kFrame.size());
}

TEST(Pcap, RecordsLargerThanTheSnapLengthAreReadAndCounted) {
  Buffer file = PcapWriter().add(kCoarse, kFrame).add(kCoarse, kFrame).file();
  file = patched(file, 16, {20, 0, 0, 0});
  const Capture capture = read(file);
  EXPECT_EQ(capture.packets.size(), 2u);
  EXPECT_EQ(capture.packets[0].bytes, kFrame);
  EXPECT_EQ(capture.parser.flaws().larger_than_snap_length, 2u);
  EXPECT_EQ(capture.parser.flaws().first_larger_offset, 24u);
  const Capture unlimited = read(patched(file, 16, {0, 0, 0, 0}));
  EXPECT_TRUE(unlimited.parser.flaws().snap_length_zero);
  EXPECT_EQ(unlimited.parser.flaws().larger_than_snap_length, 0u);
}

TEST(Pcapng, IsReadInBothOrders) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    PcapngWriter writer;
    writer.section(order).interface({.name = "eth0"}).enhanced(0, kFine, kFrame, "a comment");
    expect_one_frame(read(writer.file()), kCoarse);
  }
}

TEST(Pcapng, TimesHaveTheResolutionOfTheirInterface) {
  PcapngWriter writer;
  writer.section().interface({}).interface({.time_resolution = 9}).interface({.time_resolution = 3});
  writer.interface({.time_resolution = 0x80 | 10});
  for (const std::uint32_t interface : {0u, 1u, 2u, 3u}) writer.enhanced(interface, kFine, kFrame);
  const Capture capture = read(writer.file());
  ASSERT_EQ(capture.packets.size(), 4u);
  EXPECT_EQ(capture.packets[0].at, kCoarse);
  EXPECT_EQ(capture.packets[1].at, kFine);
  EXPECT_EQ(capture.packets[2].at, kTestTime + 123'000'000ns);
  EXPECT_NEAR(static_cast<double>((capture.packets[3].at - kFine).count()), 0, 1e9 / 1024);
  EXPECT_TRUE(capture.parser.nanoseconds());
}

TEST(Pcapng, SeveralInterfacesAndSectionsKeepTheirLinkTypes) {
  const Buffer inside = kPacket.ip_bytes();
  PcapngWriter writer;
  writer.section().interface({.link_type = 1}).interface({.link_type = 101});
  writer.enhanced(1, kFine, inside).enhanced(0, kFine, kFrame);
  writer.section(std::endian::big).interface({.link_type = 276}).enhanced(0, kFine, inside);
  const Capture capture = read(writer.file());
  ASSERT_EQ(capture.packets.size(), 3u);
  EXPECT_EQ(capture.packets[0].link, LinkType::raw);
  EXPECT_EQ(capture.packets[1].link, LinkType::ethernet);
  EXPECT_EQ(capture.packets[2].link, LinkType::linux_sll2);
  EXPECT_EQ(capture.parser.link_types().size(), 3u);
}

TEST(Pcapng, SimplePacketsHaveNoTimeAndEndAtTheSnapLength) {
  PcapngWriter writer;
  writer.section().interface({.snap_length = 20}).simple(kFrame);
  const Capture capture = read(writer.file());
  ASSERT_EQ(capture.packets.size(), 1u);
  EXPECT_EQ(capture.packets[0].bytes.size(), 20u);
  EXPECT_EQ(capture.packets[0].size_on_wire, kFrame.size());
  EXPECT_EQ(capture.packets[0].at, Time{});
}

TEST(Pcapng, UnknownBlocksAreMetadata) {
  PcapngWriter writer;
  writer.section().interface({}).block(4, Buffer(8, 0)).block(0x0bad, Buffer(5, 1)).enhanced(0, kCoarse, kFrame);
  const Capture capture = read(writer.file());
  expect_one_frame(capture, kCoarse);
  EXPECT_EQ(capture.metadata, 2u);
  EXPECT_EQ(capture.headers, 2u);
}

TEST(Pcapng, AnObsoletePacketBlockIsAPacket) {
  PcapngWriter writer;
  const std::uint64_t ticks = 1'700'000'000'000'000;
  const auto le = [](std::uint64_t value) {
    return Buffer{static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
                  static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
  };
  writer.section().interface({}).block(
      2, join({{0, 0, 0xff, 0xff}, le(ticks >> 32), le(ticks), le(kFrame.size()), le(kFrame.size()), kFrame}));
  expect_one_frame(read(writer.file()), kTestTime);
}

TEST(Pcapng, TimesBeyondAllMomentsAreClamped) {
  PcapngWriter writer;
  writer.section().interface({.time_resolution = 0}).enhanced(0, kFine, kFrame);
  Buffer file = writer.file();
  const std::size_t packet = file.size() - (32 + (kFrame.size() + 3) / 4 * 4);
  file = patched(file, packet + 12, Buffer(8, 0xff));
  const Capture capture = read(file);
  ASSERT_EQ(capture.error, "");
  EXPECT_GT(capture.packets.at(0).at, kFine);
  EXPECT_GT(capture.packets.at(0).at - Time{Duration::min() / 2}, Duration{0}) << "no difference overflows";
}

TEST(Damage, EachErrorNamesWhatIsWrong) {
  const Buffer pcap = PcapWriter().add(kCoarse, kFrame).file();
  PcapngWriter writer;
  const std::size_t section = writer.section().file().size();
  const std::size_t interface = writer.interface({}).file().size();
  const Buffer pcapng = writer.enhanced(0, kCoarse, kFrame).file();
  struct Case {
    Buffer file;
    std::string_view error;
    std::uint64_t offset;
  };
  const std::vector<Case> cases{
      {Buffer{0x1f, 0x8b, 8, 0}, "compressed with gzip", 0},
      {Buffer{0x28, 0xb5, 0x2f, 0xfd}, "compressed with zstd", 0},
      {Buffer{'G', 'I', 'F', '8'}, "it begins with 0x47494638", 0},
      {patched(pcap, 4, {3, 0}), "pcap version 3", 0},
      {patched(pcap, 24 + 8, {0, 0, 0, 2}), "the record claims 33554432 bytes", 24},
      {patched(pcapng, 8, {1, 2, 3, 4}), "byte-order mark is 0x01020304", 0},
      {patched(pcapng, 12, {2, 0}), "pcapng version 2", 0},
      {patched(pcapng, section + 4, {8, 0, 0, 0}), "the block claims 8 bytes", section},
      {patched(pcapng, section + 4, {21, 0, 0, 0}), "the block claims 21 bytes", section},
      {patched(pcapng, interface - 4, {24, 0, 0, 0}), "two lengths differ", section},
      {patched(pcapng, interface + 8, {1, 0, 0, 0}), "names interface 1", interface},
      {patched(pcapng, interface + 20, {0xff, 0, 0, 0}), "claims more bytes than its block", interface},
      {PcapngWriter().section().block(6, Buffer(4, 0)).file(), "the packet block is too short", section},
      {PcapngWriter().section().block(1, Buffer(4, 0)).file(), "the interface description is too short", section},
      {PcapngWriter().section().block(3, Buffer(8, 0)).file(), "names interface 0", section},
  };
  for (const Case& c : cases) {
    const Capture capture = read(c.file);
    EXPECT_NE(capture.error.find(c.error), std::string::npos) << "expected: " << c.error << "\n got: " << capture.error;
    EXPECT_EQ(capture.parser.offset(), c.offset) << c.error;
  }
}

TEST(Damage, ARecordOfTheLargestSizeIsBelievedAndNotOneByteMore) {
  const auto claiming = [](std::size_t size) {
    Buffer file = PcapWriter().add(kCoarse, kFrame).file();
    for (std::size_t i = 0; i < 4; ++i) file[32 + i] = static_cast<std::uint8_t>(size >> (8 * i));
    return read(file);
  };
  EXPECT_EQ(claiming(kMaxRecord).end, ParseStatus::need_more);
  EXPECT_EQ(claiming(kMaxRecord + 1).end, ParseStatus::malformed);
}

std::vector<Buffer> representative_captures() {
  PcapngWriter ng;
  ng.section(std::endian::big).interface({.time_resolution = 9, .name = "a"}).interface({.link_type = 101});
  ng.enhanced(0, kFine, kFrame, "comment").simple(kFrame).block(5, Buffer(8, 0)).enhanced(1, kFine, kPacket.ip_bytes());
  ng.section().interface({}).enhanced(0, kFine, kFrame);
  return {PcapWriter().add(kFine, kFrame).add(kFine, kFrame).file(),
          PcapWriter({.nanoseconds = true, .order = std::endian::big}).add(kFine, kFrame).file(), ng.file()};
}

TEST(Damage, EveryTruncationNeedsMoreAndKeepsThePacketsBefore) {
  for (const Buffer& file : representative_captures()) {
    const std::size_t all = read(file).packets.size();
    for (std::size_t size = 0; size < file.size(); ++size) {
      const Buffer cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
      const Capture capture = read(cut);
      EXPECT_EQ(capture.error, "") << size;
      EXPECT_LE(capture.packets.size(), all);
    }
  }
}

TEST(Damage, EveryFlipEndsInPacketsWithinTheFileOrInAnErrorWithWords) {
  for (const Buffer& file : representative_captures()) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      for (const int mask : {0x01, 0x04, 0x80, 0xff}) {
        Buffer flipped(file.begin(), file.end());
        flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
        const Capture capture = read(flipped);
        EXPECT_EQ(capture.end == ParseStatus::malformed, !capture.error.empty()) << i;
      }
    }
  }
}

}  // namespace
}  // namespace netscope::test
