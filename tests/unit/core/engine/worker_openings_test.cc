// Protocols without names of servers, DTLS, and TLS that begins in the middle of another protocol.

#include <gtest/gtest.h>

#include <algorithm>

#include "support/dtls_packets.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

Event only_flow(std::string_view rules, const Packets& packets) {
  Gateway gateway(rules, {.flow_capacity = 8, .recording = {.flows = true, .messages = true}});
  gateway.judge(packets);
  gateway.worker().finish();
  const std::vector<Event> events = gateway.worker().take_events();
  return events.empty() ? Event{} : events.back();
}

TEST(Openings, AreKnownToRules) {
  const Buffer hello = ByteWriter().text("SSH-2.0-client\r\n");
  Gateway gateway(dropping("proto = ['ssh', 'stun']"));
  EXPECT_EQ(gateway.judge(connected(50001, 2222).client(hello).packets()).back(), 'D');
  const Buffer stun = ByteWriter().u16(1).u16(0).u32(0x2112a442).bytes(noise(12));
  EXPECT_EQ(gateway.judge(UdpConversation({}).client(stun).server(stun).packets()), "DD");
}

TEST(Openings, OfTheServerAloneAreEnough) {
  const Buffer greeting = ByteWriter().text("220 mail.example ESMTP\r\n");
  EXPECT_EQ(only_flow("", connected(50002, 25).server(greeting).packets()).protocol, Protocol::smtp);
}

TEST(StartTls, ShowsTheNameOfItsHello) {
  const auto mail = [](std::string_view name) {
    return connected(50003, 587)
        .server(as_bytes("220 mail.example ESMTP\r\n"))
        .client(as_bytes("EHLO client\r\n"))
        .server(as_bytes("250 STARTTLS\r\n"))
        .client(as_bytes("STARTTLS\r\n"))
        .server(as_bytes("220 go ahead\r\n"))
        .client(client_hello(name))
        .packets();
  };
  Gateway gateway(kBlockedDomain);
  const Packets packets = mail("www.blocked.example");
  const std::string verdicts = gateway.judge(packets);
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), 'D'), 2) << verdicts;  // the hello, and its acknowledgment
  const Event event = only_flow("", mail("www.allowed.example"));
  EXPECT_EQ(event.protocol, Protocol::smtp);
  ASSERT_EQ(event.shown.names.size(), 1u);
  EXPECT_EQ(event.shown.names[0].name, "www.allowed.example");
  EXPECT_EQ(event.shown.names[0].protocol, Protocol::tls);
}

TEST(Dtls, IsBlockedByItsNameInAnyFragments) {
  const Buffer body = dtls_client_hello_body("www.blocked.example");
  for (const std::size_t size : {20u, 100u, 1000u}) {
    for (const bool reversed : {false, true}) {
      std::vector<Buffer> pieces;
      for (std::size_t at = 0; at < body.size(); at += size) {
        pieces.push_back(dtls_fragment(body, at, std::min(size, body.size() - at)));
      }
      if (reversed) std::reverse(pieces.begin(), pieces.end());
      Gateway gateway(kBlockedDomain);
      UdpConversation flow({});
      for (const Buffer& piece : pieces) flow.client(piece);
      EXPECT_EQ(gateway.judge(flow.server(noise(50)).packets()).substr(pieces.size() - 1), "DD") << size;
    }
  }
}

TEST(Dtls, IsReadAgainWithItsCookie) {
  Gateway gateway(kBlockedDomain);
  UdpConversation flow({});
  flow.client(dtls_client_hello("www.allowed.example")).server(dtls_hello_verify(noise(20)));
  flow.client(dtls_client_hello("www.blocked.example", noise(20), 1));
  EXPECT_EQ(gateway.judge(flow.packets()), "AAD");
}

TEST(Dtls, BehindStunIsRead) {
  Gateway gateway(kBlockedDomain);
  const Buffer stun = ByteWriter().u16(1).u16(0).u32(0x2112a442).bytes(noise(12));
  UdpConversation flow({});
  flow.client(stun).server(stun).client(dtls_client_hello("www.blocked.example"));
  EXPECT_EQ(gateway.judge(flow.packets()), "AAD");
}

}  // namespace
}  // namespace netscope::test
