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
    {Protocol::imap, text("* OK [CAPABILITY IMAP4rev1] ready\r\n")},
    {Protocol::imap, text("a001 CAPABILITY\r\n")},
    {Protocol::imap, text("A1 STARTTLS\r\n")},
    {Protocol::pop3, text("+OK POP3 ready\r\n")},
    {Protocol::ftp, text("220 (vsFTPd 3.0.5)\r\n")},
    {Protocol::ftp, text("AUTH TLS\r\n")},
    {Protocol::mqtt, ByteWriter().u8(0x10).u8(20).u16(4).text("MQTT").u8(4).fill(13, 0)},
    {Protocol::mqtt, ByteWriter().u8(0x10).u8(0x90).u8(1).u16(6).text("MQIsdp").u8(3).fill(130, 0)},
    {Protocol::sip, text("INVITE sip:a@b.example SIP/2.0\r\n")},
    {Protocol::sip, text("OPTIONS sip:b.example SIP/2.0\r\n")},
    {Protocol::rtsp, text("DESCRIBE rtsp://b.example/1 RTSP/1.0\r\n")},
    {Protocol::rtsp, text("RTSP/1.0 200 OK\r\n")},
    {Protocol::openvpn, ByteWriter().counted_u16(openvpn_reset(0))},
    {Protocol::openvpn, ByteWriter().counted_u16(openvpn_reset(20))},
};

Buffer stun(std::uint16_t type, std::size_t attributes) {
  return ByteWriter().u16(type).u16(attributes).u32(0x2112a442).bytes(test::noise(12)).fill(attributes, 0);
}
Buffer wireguard(std::uint8_t type, std::size_t size) {
  return ByteWriter().u8(type).u8(0).u8(0).u8(0).bytes(test::noise(size - 4));
}
Buffer utp_syn(bool extension) {
  ByteWriter packet;
  packet.u8(0x41).u8(extension ? 2 : 0).u16(4711).u32(123456).u32(0).u32(1 << 20).u16(1).u16(0);
  if (extension) packet.u8(0).u8(8).fill(8, 0);
  return packet;
}
const std::vector<Sample> kDatagrams{
    {Protocol::bittorrent, utp_syn(false)},
    {Protocol::bittorrent, utp_syn(true)},
    {Protocol::stun, stun(1, 0)},
    {Protocol::stun, stun(0x0101, 12)},
    {Protocol::wireguard, wireguard(1, 148)},
    {Protocol::wireguard, wireguard(2, 92)},
    {Protocol::wireguard, wireguard(3, 64)},
    {Protocol::bittorrent, text("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")},
    {Protocol::sip, text("REGISTER sip:b.example SIP/2.0\r\n\r\n")},
    {Protocol::sip, text("SIP/2.0 200 OK\r\n")},
    {Protocol::openvpn, openvpn_reset(0)},
    {Protocol::openvpn, openvpn_reset(20)},
    {Protocol::openvpn, openvpn_reset(32)},
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
  for (const Buffer& datagram : {test::dns_query("a.example"), test::noise(148), test::noise(14), stun(1, 3),
                                 wireguard(1, 147), wireguard(4, 148), text("NOTIFY * HTTP/1.1\r\n"), Buffer{},
                                 test::join({utp_syn(false), Buffer{0}}), test::join({utp_syn(true), Buffer{0}})}) {
    EXPECT_FALSE(parse_datagram_opening(datagram).ok());
  }
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

TEST(Openings, DoNotWaitForALineWithoutEnd) {
  EXPECT_EQ(parse_stream_opening(test::join({text("220 "), Buffer(507, 'a')})).status, ParseStatus::need_more);
  EXPECT_EQ(parse_stream_opening(test::join({text("220 "), Buffer(508, 'a')})).status, ParseStatus::no_match);
}

}  // namespace
}  // namespace netscope
