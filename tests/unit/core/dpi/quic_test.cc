#include "core/dpi/quic.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "support/quic_packets.h"

namespace netscope::quic {
namespace {

using test::Buffer;
using test::QuicInitialOptions;

Buffer hex(std::string_view text) {
  const auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Buffer out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return out;
}
Buffer copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}
template <std::size_t Size>
Buffer copy(const std::array<std::uint8_t, Size>& bytes) {
  return {bytes.begin(), bytes.end()};
}

// RFC 9001, appendix A, and RFC 9369, appendix A: the same connection id and the same frames.
const Buffer kDestination = hex("8394c8f03e515708");
const Buffer kClientFrames = hex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c0000000"
    "10000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e0005000501000000000033"
    "00260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050"
    "306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075"
    "300901100f088394c8f03e51570806048000ffff");
const Buffer kServerFrames = hex(
    "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200130100002e00330024"
    "001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304");

struct Vector {
  std::uint32_t version;
  std::string_view client_key, client_iv, client_header, server_key, server_iv, server_header;
  std::string_view client_begins, client_ends, server_packet;
};
constexpr Vector kVectors[]{
    {1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2",
     "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314",
     "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
     "7e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241e221af44860018ab0856972e194cd934",
     "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73"
     "c"
     "3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f588"
     "9"
     "1850abbdca3d20398c276456cbc42158407dd074ee"},
    {0x6b3343cf, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9",
     "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652", "edf6d05c83121201b436e16877593c3a",
     "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
     "6f4c4938ae79324dc402894b44faf8afbab35282ab659d13c93f70412e85cb199a37ddec600545473cfb5a05e08d0b209973b2172b4d21fb6"
     "9"
     "745a262ccde96ba18b2faa745b6fe189cf772a9f84cbfc",
     "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7f"
     "d"
     "3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda9"
     "8"
     "f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140"},
};

// The frames of a datagram's first packet, under the keys of a connection id.
Parsed<Buffer> open(Bytes datagram, Bytes keys_of, Sender sender = Sender::client) {
  const auto header = parse_long_header(datagram);
  if (!header.ok()) return header.status;
  const auto keys = initial_keys(header->version, keys_of, sender);
  if (!keys) return ParseStatus::no_match;
  Buffer scratch(header->packet.size());
  const auto frames = open_initial(*header, *keys, scratch);
  if (!frames.ok()) return frames.status;
  return copy(*frames);
}

// All CRYPTO data of some frames as one, with its status at the end.
struct Gathered {
  Buffer data;
  ParseStatus status = ParseStatus::no_match;
};
Gathered gather(Bytes frames, std::uint32_t version = 1) {
  Gathered out;
  Reader reader = Reader::whole(frames);
  for (;;) {
    const auto frame = next_crypto_frame(version, reader);
    out.status = frame.status;
    if (!frame.ok()) return out;
    out.data.resize(std::max(out.data.size(), static_cast<std::size_t>(frame->offset) + frame->data.size()));
    std::copy(frame->data.begin(), frame->data.end(), out.data.begin() + static_cast<std::ptrdiff_t>(frame->offset));
  }
}

TEST(Quic, DerivesTheKeysOfTheRfcs) {
  for (const Vector& vector : kVectors) {
    const auto client = initial_keys(vector.version, kDestination);
    ASSERT_TRUE(client);
    EXPECT_EQ(copy(client->key), hex(vector.client_key));
    EXPECT_EQ(copy(client->iv), hex(vector.client_iv));
    EXPECT_EQ(copy(client->header), hex(vector.client_header));
    const auto server = initial_keys(vector.version, kDestination, Sender::server);
    ASSERT_TRUE(server);
    EXPECT_EQ(copy(server->key), hex(vector.server_key));
    EXPECT_EQ(copy(server->iv), hex(vector.server_iv));
    EXPECT_EQ(copy(server->header), hex(vector.server_header));
  }
}

TEST(Quic, OpensTheClientInitialOfTheRfcs) {
  for (const Vector& vector : kVectors) {
    const Buffer packet = test::quic_initial(kClientFrames, {.version = vector.version, .number = 2});
    ASSERT_EQ(packet.size(), 1200u);
    // The tests' own writer made what the RFC prints: its end is the tag over all of it.
    const Buffer begins = hex(vector.client_begins), ends = hex(vector.client_ends);
    ASSERT_TRUE(std::equal(begins.begin(), begins.end(), packet.begin()));
    ASSERT_TRUE(std::equal(ends.rbegin(), ends.rend(), packet.rbegin()));
    const auto frames = open(packet, kDestination);
    ASSERT_TRUE(frames.ok());
    EXPECT_EQ(frames->size(), 1162u);
    EXPECT_TRUE(std::equal(kClientFrames.begin(), kClientFrames.end(), frames->begin()));
  }
}

TEST(Quic, OpensTheServerInitialOfTheRfcs) {
  for (const Vector& vector : kVectors) {
    const Buffer packet = hex(vector.server_packet);
    const auto frames = open(packet, kDestination, Sender::server);
    ASSERT_TRUE(frames.ok());
    EXPECT_EQ(*frames, kServerFrames);
    EXPECT_EQ(open(packet, kDestination, Sender::client).status, ParseStatus::no_match);
  }
}

TEST(Quic, ReadsTheFieldsOfALongHeader) {
  const Buffer packet =
      test::quic_initial(test::ping_frame(), {.source = {1, 2, 3}, .token = Buffer(100, 7), .datagram_bytes = 0});
  const Buffer two = test::join({packet, test::quic_handshake()});
  const auto header = parse_long_header(two);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->type, PacketType::initial);
  EXPECT_EQ(header->version, 1u);
  EXPECT_EQ(copy(header->destination), kDestination);
  EXPECT_EQ(copy(header->source), (Buffer{1, 2, 3}));
  EXPECT_EQ(header->packet.size(), packet.size());
  const auto second = parse_long_header(Bytes(two).subspan(header->packet.size()));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->type, PacketType::handshake);
}

TEST(Quic, TellsTheTypesOfBothVersionsApart) {
  for (const std::uint32_t version : {test::kQuicVersion1, test::kQuicVersion2}) {
    const QuicInitialOptions options{.version = version};
    const auto type = [](const Buffer& packet) { return parse_long_header(packet)->type; };
    EXPECT_EQ(type(test::quic_hello("a.example", options)), PacketType::initial);
    EXPECT_EQ(type(test::quic_zero_rtt(options)), PacketType::zero_rtt);
    EXPECT_EQ(type(test::quic_handshake(options)), PacketType::handshake);
    EXPECT_EQ(type(test::quic_retry(options)), PacketType::retry);
  }
}

TEST(Quic, TakesAVersionNegotiationThatNamesAVersionWeKnow) {
  const auto header = parse_long_header(test::quic_version_negotiation({0x0a1a2a3a, 1}));
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->type, PacketType::version_negotiation);
  EXPECT_EQ(parse_long_header(test::quic_version_negotiation({0x0a1a2a3a, 0x12345678})).status, ParseStatus::no_match);
  EXPECT_EQ(parse_long_header(test::quic_version_negotiation({})).status, ParseStatus::no_match);
}

// The first version whose keys open it; 0 when none does.
std::uint32_t opened_as(Bytes datagram) {
  const auto header = parse_long_header(datagram);
  if (!header.ok()) return 0;
  for (const std::uint32_t version : versions_to_try(header->version)) {
    const auto keys = initial_keys(version, header->destination);
    Buffer scratch(header->packet.size());
    if (keys && open_initial(*header, *keys, scratch).ok()) return version;
  }
  return 0;
}

TEST(Quic, OpensAVersionThatNobodyKnowsUnderKeysThatWeKnow) {
  for (const std::uint32_t like : {test::kQuicVersion1, test::kQuicDraft29, test::kQuicDraft23, test::kQuicDraft22,
                                   test::kQuicVersion2, test::kQuicVersion2Draft}) {
    for (const std::uint32_t version : {0x00000002u, 0xd4000400u, 0xff0000ffu, 0xfaceb0ffu, 0x0a0a0a0bu}) {
      EXPECT_EQ(opened_as(test::quic_hello("a.example", {.version = version, .like = like})), like) << version;
      const auto header = parse_long_header(test::quic_hello("a.example", {.version = version, .like = like}));
      EXPECT_EQ(header->version, version);
    }
  }
  EXPECT_LE(versions_to_try(0x00000002).size(), 6u);
  EXPECT_EQ(versions_to_try(1).size(), 1u);
}

TEST(Quic, OpensTheDraftsNumberOfVersion2UnderEitherSalt) {
  const std::uint32_t number = test::kQuicVersion2Draft;
  EXPECT_EQ(opened_as(test::quic_hello("a.example", {.version = number})), number);
  EXPECT_EQ(opened_as(test::quic_hello("a.example", {.version = number, .like = test::kQuicVersion2})),
            test::kQuicVersion2);
}

TEST(Quic, OpensFacebooksVersions) {
  for (const std::uint32_t version : {0xfaceb001u, 0xfaceb002u, 0xfaceb003u, 0xfaceb004u, 0xfaceb00eu, 0xfaceb010u,
                                      0xfaceb011u, 0xfaceb012u, 0xfaceb013u, 0xfaceb014u, 0xfaceb015u, 0xfacefeedu}) {
    EXPECT_EQ(opened_as(test::quic_hello("a.example", {.version = version, .datagram_bytes = 0})), version);
    EXPECT_TRUE(version_name(version).starts_with("mvfst-"));
  }
}

TEST(Quic, OfAnUnknownVersionIsOnlyWhatMayBeAClientsInitial) {
  const auto status = [](const Buffer& packet) { return parse_long_header(packet).status; };
  const Buffer packet = test::quic_hello("a.example", {.version = 9, .like = 1});
  ASSERT_EQ(packet.size(), kMinClientDatagram);
  EXPECT_EQ(status(packet), ParseStatus::ok);
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    Buffer other = packet;
    other[at] = value;
    return other;
  };
  EXPECT_EQ(status(Buffer(packet.begin(), packet.end() - 1)), ParseStatus::no_match);
  EXPECT_EQ(status(changed(0, 0x80)), ParseStatus::no_match);  // without the fixed bit
  EXPECT_EQ(status(changed(0, 0xe0)), ParseStatus::no_match);  // types that no Initial has
  EXPECT_EQ(status(changed(0, 0xf0)), ParseStatus::no_match);
  EXPECT_EQ(status(changed(5, 21)), ParseStatus::no_match);  // a connection id that is too long
  EXPECT_EQ(status(test::quic_hello("a.example", {.version = 9, .like = 1, .datagram_bytes = 0})),
            ParseStatus::no_match);
  for (const std::uint32_t version : {0x0a1a2a3au, 0xfafafafau, 0x51303433u}) {  // reserved, and Google's Q043
    EXPECT_EQ(status(test::quic_hello("a.example", {.version = version, .like = 1})), ParseStatus::no_match);
    EXPECT_TRUE(versions_to_try(version).empty());
  }
  for (const std::size_t size : {0u, 7u, 8u, 20u}) {
    const auto expected = size < kMinFirstConnectionId ? ParseStatus::no_match : ParseStatus::ok;
    const test::QuicInitialOptions options{.version = 9, .like = 1, .destination = Buffer(size, 7)};
    EXPECT_EQ(status(test::quic_hello("a.example", options)), expected) << size;
  }
  // A long answer of DNS, whose number begins like a long header and whose counts read like lengths.
  EXPECT_EQ(status(test::join({{0xc0, 0x12, 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0, 1}, Buffer(1300, 0)})),
            ParseStatus::no_match);
  Buffer noise = test::noise(1300);
  noise[0] = 0xc0;
  EXPECT_EQ(opened_as(noise), 0u);
  for (std::size_t i = 0; i < packet.size(); ++i) {
    if (i >= 1 && i < 5) continue;  // its version is authenticated, but makes no other keys
    EXPECT_EQ(opened_as(changed(i, packet[i] ^ 0x10)), 0u) << i;
  }
}

TEST(Quic, IsNotWhatHasAnUnknownVersionOrAShortHeader) {
  Buffer packet = test::quic_hello("a.example", {.datagram_bytes = 0});
  packet[4] = 9;
  EXPECT_EQ(parse_long_header(packet).status, ParseStatus::no_match);
  EXPECT_EQ(parse_long_header(test::quic_short()).status, ParseStatus::no_match);
  EXPECT_EQ(parse_long_header(test::dns_query("a.example")).status, ParseStatus::no_match);
  EXPECT_EQ(parse_long_header({}).status, ParseStatus::no_match);
}

TEST(Quic, RefusesLengthsThatLie) {
  const auto status = [](Buffer id, std::uint64_t token, std::uint64_t length) {
    test::ByteWriter packet;
    packet.u8(0xc0).u32(1).counted_u8(id).u8(0).bytes(test::varint(token)).bytes(test::varint(length)).fill(60, 1);
    return parse_long_header(packet.buffer()).status;
  };
  EXPECT_EQ(status(Buffer(20), 0, 60), ParseStatus::ok);
  EXPECT_EQ(status(Buffer(21), 0, 60), ParseStatus::malformed);
  EXPECT_EQ(status(Buffer(20), 0, 61), ParseStatus::malformed);
  EXPECT_EQ(status(Buffer(20), 100, 10), ParseStatus::malformed);
  EXPECT_EQ(status(Buffer(20), (std::uint64_t{1} << 62) - 1, 10), ParseStatus::malformed);
  EXPECT_EQ(status(Buffer(20), 0, (std::uint64_t{1} << 62) - 1), ParseStatus::malformed);
}

TEST(Quic, OpensPacketNumbersOfAnySize) {
  for (const unsigned bytes : {1u, 2u, 3u, 4u}) {
    const Buffer packet = test::quic_initial(kClientFrames, {.number = 200, .number_bytes = bytes});
    EXPECT_TRUE(open(packet, kDestination).ok()) << bytes;
  }
}

TEST(Quic, DoesNotOpenWhatIsTooShortForASample) {
  for (std::size_t length = 0; length < 21; ++length) {
    const Buffer packet =
        test::ByteWriter().u8(0xc0).u32(1).counted_u8(kDestination).u8(0).u8(0).u8(length).fill(length, 1);
    EXPECT_EQ(open(packet, kDestination).status, ParseStatus::no_match) << length;
  }
}

TEST(Quic, NoTruncationOpens) {
  const Buffer packet = test::quic_hello("www.example.com", {.datagram_bytes = 0});
  for (std::size_t size = 0; size < packet.size(); ++size) {
    const Buffer cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_FALSE(open(cut, kDestination).ok()) << size;
  }
  EXPECT_TRUE(open(packet, kDestination).ok());
}

TEST(Quic, NoFlippedByteOpens) {
  const Buffer packet = test::quic_hello("www.example.com", {.datagram_bytes = 0});
  for (std::size_t i = 0; i < packet.size(); ++i) {
    for (const unsigned mask : {0x01u, 0x10u, 0x80u, 0xffu}) {
      Buffer flipped = packet;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
      ASSERT_FALSE(open(flipped, kDestination).ok()) << i;
    }
  }
}

TEST(Quic, FindsCryptoFramesBetweenTheOthers) {
  const Buffer message = test::noise(100);
  const Buffer frames = test::join({test::padding_frames(3), test::crypto_frame(60, Bytes(message).subspan(60)),
                                    test::ping_frame(), test::ack_frame(1000, 3), test::connection_close_frame("no"),
                                    test::crypto_frame(0, Bytes(message).first(60)), test::padding_frames(40)});
  const Gathered gathered = gather(frames);
  EXPECT_EQ(gathered.data, message);
  EXPECT_EQ(gathered.status, ParseStatus::no_match);
}

TEST(Quic, RefusesFramesThatAnInitialMayNotCarry) {
  for (int type = 0; type < 0x40; ++type) {
    const bool allowed = type <= 3 || type == 6 || type == 0x1c;
    const Buffer frames{static_cast<std::uint8_t>(type), 0, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_EQ(gather(frames).status, allowed ? ParseStatus::no_match : ParseStatus::malformed) << type;
  }
  EXPECT_EQ(gather(Buffer{8, 0, 1, 'C'}, test::kQ050).data, Buffer{'C'});
}

TEST(Quic, RefusesFramesThatBreakOff) {
  const Buffer frames = test::join(
      {test::ack_frame(70, 2), test::connection_close_frame("because"), test::crypto_frame(20, test::noise(30))});
  int whole = 0;
  for (std::size_t size = 0; size <= frames.size(); ++size) {
    const Buffer cut(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(size));
    whole += gather(cut).status == ParseStatus::no_match ? 1 : 0;
  }
  EXPECT_EQ(whole, 4);  // nothing, and behind each of the three
  const Buffer endless = test::join({{2, 5, 0}, test::varint((std::uint64_t{1} << 62) - 1), {0}});
  EXPECT_EQ(gather(endless).status, ParseStatus::malformed);
  const Buffer far = test::join({{6}, test::varint((std::uint64_t{1} << 62) - 1), {1, 'x'}});
  EXPECT_EQ(gather(far).status, ParseStatus::malformed);
}

TEST(Quic, SurvivesEveryByteOfItsFramesFlipped) {
  const Buffer frames = test::join(
      {test::ack_frame(70, 2), test::connection_close_frame("because"), test::crypto_frame(0, test::noise(30))});
  for (std::size_t i = 0; i < frames.size(); ++i) {
    for (unsigned value = 0; value < 256; ++value) {
      Buffer flipped = frames;
      flipped[i] = static_cast<std::uint8_t>(value);
      Reader reader = Reader::whole(flipped);
      while (next_crypto_frame(1, reader).ok()) {
      }
      ASSERT_LE(reader.arrived(), flipped.size());
    }
  }
}

TEST(Quic, ReadsGooglesHelloOfEachAge) {
  struct Sample {
    Buffer datagram;
    std::string_view version;
  };
  for (const Sample& sample :
       {Sample{test::google_q043("www.example.com"), "Q043"}, Sample{test::google_q046("www.example.com"), "Q046"}}) {
    const auto hello = parse_google_datagram(sample.datagram);
    ASSERT_TRUE(hello.ok());
    EXPECT_EQ(hello->server_name, "www.example.com");
    EXPECT_EQ(hello->user_agent, "a browser");
    EXPECT_EQ(version_name(hello->version), sample.version);
  }
  const Buffer q050 =
      test::quic_initial(test::crypto_frame(0, test::google_chlo("www.example.com")), {.version = test::kQ050});
  const auto frames = open(q050, kDestination);
  ASSERT_TRUE(frames.ok());
  EXPECT_EQ(parse_google_hello(gather(*frames).data)->server_name, "www.example.com");
}

TEST(Quic, SurvivesGooglesHelloInEveryDamagedForm) {
  for (const Buffer& whole : {test::google_q043("www.example.com"), test::google_q046("www.example.com")}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto hello = parse_google_datagram(cut);
      ASSERT_NE(hello.status, ParseStatus::need_more) << size;
      if (hello.ok()) {
        ASSERT_EQ(hello->server_name, "www.example.com") << size;
      }
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (unsigned value = 0; value < 256; value += 3) {
        Buffer flipped = whole;
        flipped[i] = static_cast<std::uint8_t>(value);
        const auto hello = parse_google_datagram(flipped);
        ASSERT_TRUE(!hello.ok() || hello->server_name.size() < flipped.size());
      }
    }
  }
}

TEST(Quic, NamesItsVersions) {
  EXPECT_EQ(version_name(1), "1");
  EXPECT_EQ(version_name(0x6b3343cf), "2");
  EXPECT_EQ(version_name(0xff00001d), "draft-29");
  EXPECT_EQ(version_name(0x51303433), "Q043");
  EXPECT_EQ(version_name(0xfaceb002), "mvfst-27");
  EXPECT_EQ(version_name(0x0a0a0a0a), "unknown");
}

}  // namespace
}  // namespace netscope::quic
