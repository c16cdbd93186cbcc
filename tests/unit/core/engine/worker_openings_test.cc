// Protocols without names of servers, DTLS, and TLS that begins in the middle of another protocol.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/inspect/stream_inspection.h"
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

// What a client says one after the other, each behind an answer of its server, and what the flow is known as.
struct Turning {
  std::string_view name;
  std::string greeting;  // of the server; empty: it waits
  std::vector<Buffer> said;
  Protocol protocol = Protocol::tls;
};

Buffer mysql_ssl_request() {
  return ByteWriter().u32(0x20000001).u32(0x058aff81).u32(0x00000001).u8(45).fill(23, 0);
}
Buffer ldap_start_tls() {
  constexpr std::string_view kStartTls = "1.3.6.1.4.1.1466.20037";
  return ByteWriter().u8(0x30).u8(29).u24(0x020101).u8(0x77).u8(24).u8(0x80).counted_u8(as_bytes(kStartTls));
}
Buffer ldap_search() {
  return ByteWriter().u8(0x30).u8(12).u24(0x020101).u8(0x63).u8(7).fill(7, 4);
}
Buffer line(std::string_view text) {
  return {text.begin(), text.end()};
}
Buffer noops() {
  ByteWriter lines;
  for (int i = 0; i < 100; ++i) lines.text("NOOP\r\n");
  return lines;
}

const std::vector<Turning>& all_turning() {
  static const std::vector<Turning> turning{
      {"smtp", "220 a ESMTP\r\n", {line("Ehlo c\r\n"), line("StartTLS\r\n")}, Protocol::smtp},
      {"smtp with errors", "220 a ESMTP\r\n", {line("\r\n"), line("x\r\n"), line("STARTTLS\r\n")}, Protocol::smtp},
      {"smtp with noops", "220 a ESMTP\r\n", {line("helo c\r\n"), noops(), line("STARTTLS\r\n")}, Protocol::smtp},
      {"lmtp", "220 a LMTP\r\n", {line("LHLO c\r\n"), line("STARTTLS\r\n")}, Protocol::smtp},
      {"imap", "* OK x\r\n", {line("a1 ID (\"name\" \"x\")\r\n"), line("0 STARTTLS\r\n")}, Protocol::imap},
      {"imap in small letters", "", {line("a.b capability\r\n"), line("a.c starttls\r\n")}},
      {"pop3", "+OK x\r\n", {line("Capa\r\n"), line("STLS\r\n")}, Protocol::pop3},
      {"ftp", "220 FTP\r\n", {line("USER a\r\n"), line("AUTH SSL\r\n"), line("AUTH TLS-P\r\n")}, Protocol::ftp},
      {"ftp that asks for ssl", "", {line("AUTH SSL\r\n"), line("AUTH TLS\r\n")}, Protocol::ftp},
      {"xmpp", "", {line("<?xml version='1.0'?><stream:stream to='a'>"), line("<starttls xmlns='urn:x'/>")}},
      {"nntp", "200 x\r\n", {line("CAPABILITIES\r\n"), line("STARTTLS\r\n")}},
      {"sieve", "\"STARTTLS\"\r\nOK\r\n", {line("STARTTLS\r\n")}},
      {"irc", "", {line("CAP LS 302\r\nNICK a\r\n"), line("STARTTLS\r\n")}},
      {"a line of ssh", "220 a ESMTP\r\n", {line("SSH-2.0-x\r\n"), line("STARTTLS\r\n")}, Protocol::smtp},
      {"ldap", "", {ldap_start_tls()}},
      {"ldap that searches", "", {ldap_search(), ldap_start_tls()}},
      {"postgresql", "", {ByteWriter().u32(8).u32(80877103)}},
      {"postgresql with gss", "", {ByteWriter().u32(8).u32(80877104), ByteWriter().u32(8).u32(80877103)}},
      {"mysql", "J\0\0\0\x0a", {mysql_ssl_request()}},
      {"proxy", "", {line("PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n")}},
      {"proxy and smtp", "", {line("PROXY UNKNOWN\r\n"), line("EHLO c\r\n"), line("STARTTLS\r\n")}, Protocol::smtp},
      {"change cipher spec", "", {Buffer{20, 3, 3, 0, 1, 1}}},
      {"empty change cipher spec", "", {Buffer{20, 3, 1, 0, 0}}},
  };
  return turning;
}

enum class Sent { as_said, byte_by_byte, backwards, at_once };

Packets turned(const Turning& turning, const Buffer& hello, Sent sent) {
  TcpConversation flow = connected(50004, 4711);
  if (!turning.greeting.empty()) flow.server(as_bytes(turning.greeting));
  std::vector<Buffer> said = turning.said;
  said.push_back(hello);
  if (sent == Sent::at_once) {
    Buffer all;
    for (const Buffer& message : said) all.insert(all.end(), message.begin(), message.end());
    said.assign(1, all);
  }
  for (const Buffer& message : said) {
    switch (sent) {
      case Sent::as_said:
      case Sent::at_once: flow.client(message); break;
      case Sent::byte_by_byte: flow.client_in_pieces(message, 1); break;
      case Sent::backwards: flow.client_reversed(message, 7); break;
    }
    flow.server(as_bytes("ok\r\n"));
  }
  return flow.packets();
}

TEST(TurningToTls, ShowsTheNameOfItsHelloHoweverItIsSent) {
  for (const Turning& turning : all_turning()) {
    for (const Sent sent : {Sent::as_said, Sent::byte_by_byte, Sent::backwards, Sent::at_once}) {
      SCOPED_TRACE(std::string(turning.name) + ", " + std::to_string(static_cast<int>(sent)));
      const Packets blocked = turned(turning, kBlockedHello, sent);
      Gateway gateway(kBlockedDomain);
      const std::string verdicts = gateway.judge(blocked);
      ASSERT_EQ(verdicts.substr(verdicts.size() - 2), "DD") << verdicts;  // the answer to the hello
      const Event event = only_flow(kBlockedDomain, turned(turning, kFineHello, sent));
      ASSERT_EQ(event.shown.names.size(), 1u);
      EXPECT_EQ(event.shown.names[0].name, "fine.example");
      EXPECT_EQ(event.blocked_packets, 0u);
      EXPECT_EQ(to_string(event.protocol), to_string(turning.protocol));
    }
  }
}

TEST(TurningToTls, IsNotWhatTextOnlyLooksLike) {
  const Turning mail{
      "", "220 a ESMTP\r\n", {line("EHLO c\r\n"), line("DATA\r\n"), line("\x16\x03\x01 www.blocked.example\r\n")}};
  const Packets packets = turned(mail, line("\x16\x03\x01\x02\x01\x01\r\n.\r\n"), Sent::as_said);
  EXPECT_EQ(Gateway(kBlockedDomain).judge(packets).find('D'), std::string::npos);
  EXPECT_TRUE(only_flow(kBlockedDomain, packets).shown.names.empty());
  const Packets page =
      connected(50005, 70).client(line("/x\r\n")).server(join({line("file\r\n"), kBlockedHello})).packets();
  EXPECT_EQ(Gateway(kBlockedDomain).judge(page).find('D'), std::string::npos) << "a hello that the server says";
}

TEST(TurningToTls, BehindAFakeIsReadAsTheServerHearsIt) {
  const Buffer garbage(8, 0x01), opening = line("EHLO c\r\n");
  TcpConversation flow = connected(50006, 587);
  flow.client_fake_at(0, garbage, 3).client_at(0, opening).client_sent(8).server(as_bytes("250 ok\r\n"));
  flow.client(line("STARTTLS\r\n")).server(as_bytes("220 ok\r\n")).client(kBlockedHello);
  const std::string verdicts = Gateway(kBlockedDomain).judge(flow.packets());
  EXPECT_EQ(verdicts.substr(verdicts.size() - 2), "DD") << verdicts;
}

// A connection that does not turn leaves for the kernel: behind so much of the client, or of the server.
TEST(TurningToTls, IsNotWaitedForWithoutEnd) {
  for (const bool upload : {true, false}) {
    for (const std::string_view opening : {"EHLO c\r\n", "hello\r\n"}) {
      TcpConversation flow = connected(50007, 2525);
      flow.client(as_bytes(opening)).server(as_bytes("250 ok\r\n"));
      Gateway gateway(kBlockedDomain);
      EXPECT_EQ(gateway.released(flow.packets()).find('F'), std::string::npos);
      const std::size_t before = flow.packets().size();
      if (upload) flow.client(Buffer(kMaxSearched, 'a')).server(as_bytes("250 ok\r\n"));
      if (!upload) flow.server(Buffer(1 << 20, 'a'));
      const Packets all = flow.packets();
      const std::string released = gateway.released({all.begin() + static_cast<std::ptrdiff_t>(before), all.end()});
      EXPECT_EQ(released.back(), 'F') << opening;
      EXPECT_EQ(released.front(), '.') << opening;
    }
  }
}

// Text that has been answered counts for the rule that accepts it, closed and judged as any other connection.
TEST(TurningToTls, IsAcceptedForNow) {
  const std::string rules = kBlockedDomain + "[[rule]]\nname = 'rest'\naction = 'accept'\n";
  const Event event =
      only_flow(rules, connected(50010, 2525).client(line("hello\r\n")).server(line("ok\r\n")).close().packets());
  EXPECT_TRUE(event.decided);
  EXPECT_EQ(event.decision.rule, 1u);
  EXPECT_EQ(event.state, FlowState::closed);
}

TEST(TurningToTls, IsNotWaitedForWhereNoRuleAsksForNames) {
  const TcpConversation flow = connected(50008, 2525).client(line("hello\r\n")).server(line("ok\r\n"));
  EXPECT_EQ(Gateway(dropping("port = [1]")).released(flow.packets()).back(), 'F');
}

TEST(TurningToTls, DoesNotSpareTextThatIsBlockedForWhatItIs) {
  const TcpConversation flow = connected(50009, 2525).client(line("hello\r\n")).server(line("ok\r\n"));
  const std::string only_named =
      "[policy]\ndefault = 'drop'\n[[rule]]\nname = 'fine'\naction = 'accept'\ndomain = ['fine.example']\n";
  EXPECT_EQ(Gateway(only_named).judge(flow.packets()).substr(3), "DDDD");
}

TEST(ProxyHeaders, AreNotWhatIsBehindThem) {
  const Buffer binary =
      ByteWriter().u32(0x0d0a0d0a).u32(0x000d0a51).u32(0x5549540a).u8(0x21).u8(0x11).u16(12).fill(12, 1);
  for (const Buffer& header : {line("PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n"), binary}) {
    for (const Sent sent : {Sent::as_said, Sent::byte_by_byte, Sent::backwards, Sent::at_once}) {
      const Turning web{"", "", {header}, Protocol::http};
      const Packets packets = turned(web, http_request("GET", "/", "www.blocked.example"), sent);
      const std::string verdicts = Gateway(kBlockedDomain).judge(packets);
      EXPECT_EQ(verdicts.substr(verdicts.size() - 2), "DD") << verdicts;
      const Event event = only_flow("", turned(web, http_request("GET", "/", "fine.example"), sent));
      EXPECT_EQ(event.protocol, Protocol::http);
    }
  }
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
