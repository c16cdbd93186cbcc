#include "core/dpi/openings.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/payloads.h"

namespace netscope {
namespace {

using namespace std::string_view_literals;
using test::Buffer;
using test::ByteWriter;

Buffer text(std::string_view characters) {
  return {characters.begin(), characters.end()};
}
Buffer first(const Buffer& whole, std::ptrdiff_t size) {
  return {whole.begin(), whole.begin() + size};
}
Buffer rdp_request(std::string_view cookie, bool negotiates) {
  ByteWriter data;
  data.text(cookie);
  if (negotiates) data.u8(1).u8(0).u8(8).u8(0).u32(0x03000000);
  const Buffer x224 = ByteWriter().u8(0xe0).u32(0).u8(0).bytes(data.buffer());
  return ByteWriter().u8(3).u8(0).u16(x224.size() + 5).counted_u8(x224);
}
Buffer openvpn_reset(std::size_t digest) {
  ByteWriter message;
  message.u8(0x38).bytes(test::noise(8));
  if (digest > 0) message.bytes(test::noise(digest, 2)).u32(1).u32(1'700'000'000);
  return message.u8(0).u32(0);
}

// The opening of a client with a key of its own, which it sends wrapped, of that many bytes.
Buffer openvpn_reset_v3(std::uint32_t number, std::size_t wrapped) {
  return ByteWriter().u8(0x50).bytes(test::noise(8)).u32(number).bytes(test::noise(41 + wrapped - 2, 3)).u16(wrapped);
}
Buffer stun_message(std::uint16_t type, std::size_t attributes) {
  return ByteWriter().u16(type).u16(attributes).u32(0x2112a442).bytes(test::noise(12)).fill(attributes, 0);
}

struct Sample {
  Protocol protocol;
  Buffer bytes;
};
const std::vector<Sample> kStreams{
    {Protocol::ssh, text("SSH-2.0-OpenSSH_9.7\r\n")},
    {Protocol::ssh, text("SSH-1.99-server\n")},
    {Protocol::bittorrent, test::join({text("\x13"
                                            "BitTorrent protocol"),
                                       Buffer(48)})},
    {Protocol::rdp, rdp_request("Cookie: mstshash=me\r\n", true)},
    {Protocol::rdp, rdp_request("Cookie: mstshash=me\r\n", false)},
    {Protocol::rdp, rdp_request("", true)},
    {Protocol::smtp, text("220 mail.example ESMTP ready\r\n")},
    {Protocol::smtp, text("EHLO client.example\r\n")},
    {Protocol::smtp, text("hElo client.example\r\n")},
    {Protocol::smtp, text("Lhlo client.example\r\n")},
    {Protocol::imap, text("* OK [CAPABILITY IMAP4rev1] ready\r\n")},
    {Protocol::imap, text("a001 CAPABILITY\r\n")},
    {Protocol::imap, text("A1 STARTTLS\r\n")},
    {Protocol::pop3, text("+OK POP3 ready\r\n")},
    {Protocol::ftp, text("220 (vsFTPd 3.0.5)\r\n")},
    {Protocol::pop3, text("capa\r\n")},
    {Protocol::pop3, text("STLS\r\n")},
    {Protocol::ftp, text("AUTH TLS\r\n")},
    {Protocol::ftp, text("auth ssl\r\n")},
    {Protocol::mqtt, ByteWriter().u8(0x10).u8(20).u16(4).text("MQTT").u8(4).fill(13, 0)},
    {Protocol::mqtt, ByteWriter().u8(0x10).u8(0x90).u8(1).u16(6).text("MQIsdp").u8(3).fill(130, 0)},
    {Protocol::sip, text("INVITE sip:a@b.example SIP/2.0\r\n")},
    {Protocol::sip, text("OPTIONS sip:b.example SIP/2.0\r\n")},
    {Protocol::rtsp, text("DESCRIBE rtsp://b.example/1 RTSP/1.0\r\n")},
    {Protocol::rtsp, text("RTSP/1.0 200 OK\r\n")},
    {Protocol::openvpn, ByteWriter().counted_u16(openvpn_reset(0))},
    {Protocol::openvpn, ByteWriter().counted_u16(openvpn_reset(20))},
    {Protocol::openvpn, ByteWriter().counted_u16(openvpn_reset(64))},
    {Protocol::openvpn, ByteWriter().counted_u16(openvpn_reset_v3(0x0f000001, 299))},
    {Protocol::stun, stun_message(0x0003, 8)},
    {Protocol::stun, test::join({stun_message(0x0101, 12), stun_message(0x0004, 0)})},
};

// Without the cookie, as before RFC 5389: 16 bytes of a random number, and attributes as they are.
Buffer classic_stun(std::uint16_t type, const Buffer& attributes) {
  return ByteWriter().u16(type).u16(attributes.size()).bytes(test::noise(16, 4)).bytes(attributes);
}
Buffer wireguard(std::uint8_t type, std::size_t size) {
  return ByteWriter().u8(type).u8(0).u8(0).u8(0).bytes(test::noise(size - 4));
}
// The last 16 bytes of a handshake's message are zero as long as no server is under load; what fills it up is not.
Buffer filled_wireguard(std::uint8_t type, std::size_t size, std::size_t more) {
  return ByteWriter().u32(std::uint32_t{type} << 24).bytes(test::noise(size - 20)).fill(16, 0).bytes(test::noise(more));
}
Buffer rdp_syn(std::uint16_t flags, std::uint16_t unit) {
  return ByteWriter().u32(0xffffffff).u16(64).u16(flags).u32(0x12345678).u16(unit).u16(1132).fill(1216, 0);
}
Buffer tracker_connect(std::uint64_t id) {
  return ByteWriter().u32(id >> 32).u32(id & 0xffffffff).u32(0).u32(0x12345678);
}
Buffer utp_syn(bool extension, std::uint16_t number = 1) {
  ByteWriter packet;
  packet.u8(0x41).u8(extension ? 2 : 0).u16(4711).u32(123456).u32(0).u32(1 << 20).u16(number).u16(0);
  if (extension) packet.u8(0).u8(8).fill(8, 0);
  return packet;
}
const std::vector<Sample> kDatagrams{
    {Protocol::bittorrent, utp_syn(false)},
    {Protocol::bittorrent, utp_syn(true)},
    {Protocol::stun, stun_message(1, 0)},
    {Protocol::stun, stun_message(0x0101, 12)},
    {Protocol::wireguard, wireguard(1, 148)},
    {Protocol::wireguard, wireguard(2, 92)},
    {Protocol::wireguard, wireguard(3, 64)},
    {Protocol::bittorrent, text("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")},
    {Protocol::sip, text("REGISTER sip:b.example SIP/2.0\r\n\r\n")},
    {Protocol::sip, text("SIP/2.0 200 OK\r\n")},
    {Protocol::openvpn, openvpn_reset(0)},
    {Protocol::openvpn, openvpn_reset(20)},
    {Protocol::openvpn, openvpn_reset(32)},
    {Protocol::openvpn, openvpn_reset(48)},
    {Protocol::openvpn, openvpn_reset(64)},
    {Protocol::openvpn, openvpn_reset_v3(1, 290)},
    {Protocol::openvpn, openvpn_reset_v3(0x0f000001, 1024)},
    {Protocol::bittorrent, utp_syn(false, 54321)},
    {Protocol::bittorrent, tracker_connect(0x41727101980)},
    {Protocol::bittorrent, text("BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n")},
    {Protocol::stun, classic_stun(0x0001, {})},
    {Protocol::stun, classic_stun(0x0001, {0, 3, 0, 4, 0, 0, 0, 6})},
    {Protocol::stun, classic_stun(0x0101, {0, 1, 0, 8, 0, 1, 4, 1, 9, 9, 9, 9, 0x80, 0x20, 0, 4, 1, 2, 3, 4})},
    {Protocol::stun, test::join({{0, 1, 0, 8}, Buffer(16), {0, 3, 0, 4, 0, 0, 0, 0}})},
    {Protocol::wireguard, filled_wireguard(1, 148, 1)},
    {Protocol::wireguard, filled_wireguard(1, 148, 900)},
    {Protocol::wireguard, filled_wireguard(2, 92, 30)},
    {Protocol::rdp, rdp_syn(0x0001, 1232)},
    {Protocol::rdp, rdp_syn(0x1a01, 1200)},
};

TEST(Openings, OfStreamsAreKnown) {
  for (const Sample& sample : kStreams) {
    const auto opening = parse_stream_opening(sample.bytes);
    ASSERT_TRUE(opening.ok()) << as_text(sample.bytes);
    EXPECT_EQ(opening->protocol, sample.protocol) << as_text(sample.bytes);
  }
}

TEST(Openings, OfDatagramsAreKnown) {
  for (const Sample& sample : kDatagrams) {
    const auto opening = parse_datagram_opening(sample.bytes);
    ASSERT_TRUE(opening.ok()) << to_string(sample.protocol) << " " << sample.bytes.size();
    EXPECT_EQ(opening->protocol, sample.protocol);
  }
}

TEST(Openings, OfOtherProtocolsAreNotClaimed) {
  for (const Buffer& stream :
       {test::client_hello("a.example"), test::http_request("GET", "/", "a.example"), test::server_hello(),
        test::http_response(), test::over_tcp(test::dns_query("a.example")), text("220 ready\r\n"),
        text("OPTIONS * HTTP/1.1\r\n"), text("a b c\r\n"), rdp_request("", false), test::noise(100)}) {
    EXPECT_FALSE(parse_stream_opening(stream).ok()) << as_text(stream);
  }
  for (const Buffer& datagram : {test::dns_query("a.example"), test::noise(148), test::noise(14), stun_message(1, 3),
                                 wireguard(1, 147), wireguard(4, 148), text("NOTIFY * HTTP/1.1\r\n"), Buffer{},
                                 test::join({utp_syn(false), Buffer{0}}), test::join({utp_syn(true), Buffer{0}})}) {
    EXPECT_FALSE(parse_datagram_opening(datagram).ok());
  }
}

TEST(Openings, OfWhatOnlyLooksAlikeAreNotClaimed) {
  const Buffer dns_without_recursion = ByteWriter().u16(1).u16(0).u16(1).u16(0).u32(0).text("\1a\2bc").u8(0).u16(1);
  for (const Buffer& datagram : {
           classic_stun(0x0001, {0, 0x30, 0, 4, 0, 0, 0, 6}),               // an attribute that is none
           classic_stun(0x0001, {0, 3, 0, 8, 0, 0, 0, 6}),                  // one that leads behind the end
           classic_stun(0x0003, {}),                                        // a method that came later
           classic_stun(0x0011, {}),                                        // a class that came later
           Buffer(test::join({classic_stun(0x0001, {}), Buffer(1)})),       //
           Buffer(test::join({{0, 1, 0, 0}, Buffer(4), test::noise(12)})),  // a number that is none
           dns_without_recursion,                                           //
           wireguard(1, 149),                                               // no zeros where they belong
           filled_wireguard(3, 64, 10),                                     //
           Buffer(test::join({{1, 0, 0, 0}, Buffer(400)})),                 // zeros where none belong
           Buffer(test::join({{2, 0, 0, 0}, test::noise(400)})),            //
           rdp_syn(0x0005, 1232),
           rdp_syn(0x0001, 1500),
           rdp_syn(0, 1232),  //
           tracker_connect(0x41727101981),
           openvpn_reset_v3(1, 289),  //
           openvpn_reset_v3(2, 299),
           Buffer(test::join({openvpn_reset_v3(1, 299), {0}})),  //
           openvpn_reset_v3(1, 1025),
           utp_syn(false, 0),
           text("M-SEARCH * HTTP/1.1\r\n"),
       }) {
    EXPECT_FALSE(parse_datagram_opening(datagram).ok()) << datagram.size();
  }
  Buffer other_cookie = stun_message(1, 0);
  other_cookie[7] ^= 1;
  for (const Buffer& stream : {other_cookie, stun_message(0x4001, 0), stun_message(1, 2),
                               Buffer(ByteWriter().counted_u16(openvpn_reset_v3(1, 289)))}) {
    EXPECT_EQ(parse_stream_opening(stream).status, ParseStatus::no_match);
  }
}

TEST(Openings, DoNotWaitForMoreThanTheLongestReset) {
  const auto begun = [](std::size_t length, std::uint8_t operation) {
    return parse_stream_opening(ByteWriter().u16(length).u8(operation).bytes(test::noise(9)).buffer()).status;
  };
  EXPECT_EQ(begun(86, 0x38), ParseStatus::need_more);
  EXPECT_EQ(begun(87, 0x38), ParseStatus::no_match);
  EXPECT_EQ(begun(1078, 0x50), ParseStatus::need_more);
  EXPECT_EQ(begun(1079, 0x50), ParseStatus::no_match);
}

TEST(Openings, EveryTruncationWaitsOrSaysTheSame) {
  for (const Sample& sample : kStreams) {
    for (std::size_t size = 0; size < sample.bytes.size(); ++size) {
      const Buffer cut(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const auto opening = parse_stream_opening(cut);
      ASSERT_TRUE(opening.ok() || opening.status == ParseStatus::need_more) << as_text(sample.bytes) << " " << size;
      if (opening.ok()) {
        ASSERT_EQ(opening->protocol, sample.protocol) << size;
      }
    }
  }
}

TEST(Openings, SurviveEveryByteFlipped) {
  for (const auto& samples : {kStreams, kDatagrams}) {
    for (const Sample& sample : samples) {
      for (std::size_t i = 0; i < sample.bytes.size(); ++i) {
        for (const unsigned mask : {0x01u, 0x20u, 0x80u, 0xffu}) {
          Buffer flipped = sample.bytes;
          flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
          ASSERT_NE(parse_stream_opening(flipped).status, ParseStatus::malformed);
          ASSERT_NE(parse_datagram_opening(flipped).status, ParseStatus::need_more);
        }
      }
    }
  }
}

Buffer mysql_request(std::uint32_t capabilities) {
  ByteWriter packet;
  packet.u8(32).u8(0).u8(0).u8(1);
  for (int shift = 0; shift < 32; shift += 8) packet.u8(capabilities >> shift & 0xff);
  return packet.u32(1).u8(45).fill(23, 0);
}

TEST(OpeningsThatMayTurnToTls, AreTextAndThreeBinaryProtocols) {
  const Buffer ldap = ByteWriter().u8(0x30).u8(29).u24(0x020101).u8(0x77).u8(24).u8(0x80).u8(22).fill(22, '1');
  const Buffer ldap_in_long_form = ByteWriter().u8(0x30).u8(0x84).u32(7).u24(0x020101).u8(0x63).u8(2).u16(0);
  for (const Buffer& stream : {ByteWriter().u32(8).u32(80877103).buffer(), ByteWriter().u32(8).u32(80877104).buffer(),
                               mysql_request(0xa00), ldap, ldap_in_long_form}) {
    EXPECT_EQ(check_may_turn_to_tls(stream), ParseStatus::ok);
    EXPECT_EQ(check_may_turn_to_tls(first(stream, 3)), ParseStatus::need_more);
  }
  for (const std::string_view line : {"a1 ID NIL\r\n", "<stream:stream to='a'>", "\r\n\x16\x03", "NOOP\x16\x03", "N"}) {
    EXPECT_EQ(check_may_turn_to_tls(text(line)), ParseStatus::ok) << line;
  }
  for (const Buffer& stream :
       {test::client_hello("a.example"), ByteWriter().u32(8).u32(80877102).buffer(),
        ByteWriter().u32(8).u32(196608).buffer(), mysql_request(0x200), mysql_request(0x800), text("ab\x01\n"),
        ByteWriter().u8(0x30).u8(0x80).u8(2).buffer(), ByteWriter().u8(0x30).u8(29).u24(0x020101).u8(0x61).buffer()}) {
    EXPECT_EQ(check_may_turn_to_tls(stream), ParseStatus::no_match);
  }
}

TEST(Openings, DoNotWaitForALineWithoutEnd) {
  EXPECT_EQ(parse_stream_opening(test::join({text("220 "), Buffer(507, 'a')})).status, ParseStatus::need_more);
  EXPECT_EQ(parse_stream_opening(test::join({text("220 "), Buffer(508, 'a')})).status, ParseStatus::no_match);
}

}  // namespace
}  // namespace netscope
