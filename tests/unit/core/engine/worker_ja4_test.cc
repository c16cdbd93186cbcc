// Fingerprints of clients, from packets to events and verdicts.

#include <gtest/gtest.h>

#include "core/dpi/ja4.h"
#include "support/dtls_packets.h"
#include "support/quic_packets.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

const HelloOptions kPlain{.alpn = {"h2"}}, kOther{.alpn = {"http/1.1"}};

std::string ja4_over_tcp(const HelloOptions& options) {
  return tls::ja4_of(client_hello_message("www.example.com", options), tls::HelloOver::tcp);
}

std::string dropping_ja4(std::string_view pattern) {
  return dropping("ja4 = ['" + std::string(pattern) + "']");
}

std::vector<std::string> fingerprints(Gateway& gateway, EventKind kind) {
  std::vector<std::string> out;
  gateway.worker().finish();
  for (const Event& event : gateway.worker().take_events()) {
    if (event.kind == kind) out.push_back(event.shown.hello.ja4);
  }
  return out;
}

constexpr WorkerOptions kRecording{.flow_capacity = 1024, .recording = {.flows = true, .messages = true}};

TEST(WorkerJa4, TheHelloIsStoppedByItsFingerprint) {
  const Buffer hello = client_hello("www.example.com", kPlain), other = client_hello("www.example.com", kOther);
  Gateway gateway(dropping_ja4(ja4_over_tcp(kPlain)));
  EXPECT_EQ(gateway.judge(connected(1001).client(hello).server(server_hello()).packets()), "AAADDDD");
  EXPECT_EQ(gateway.judge(connected(1002).client(other).server(server_hello()).packets()), "AAAAAAA");
}

TEST(WorkerJa4, ANameAloneIsNoFingerprint) {
  const Buffer hello = client_hello("www.example.com", kPlain);
  Gateway gateway(dropping_ja4(ja4_over_tcp(kPlain).substr(0, 10)));
  for (std::size_t cut = 1; cut < hello.size(); ++cut) {
    const auto port = static_cast<std::uint16_t>(2000 + cut);
    EXPECT_EQ(
        gateway.judge(connected(port).client(Bytes(hello).first(cut)).client(Bytes(hello).subspan(cut)).packets()),
        "AAAAADD")
        << cut;
  }
}

TEST(WorkerJa4, AFakeAheadDoesNotHideTheTrueOne) {
  const Buffer hello = client_hello("www.example.com", kPlain), fake = client_hello("www.example.com", kOther);
  Gateway gateway("[[rule]]\nname = 'good'\naction = 'accept'\nja4 = ['" + ja4_over_tcp(kOther) + "']\n" +
                  dropping_ja4(ja4_over_tcp(kPlain)));
  EXPECT_EQ(gateway.judge(connected().client_fake_at(0, fake, 3).client(hello).packets()), "AAAADD");
}

TEST(WorkerJa4, QuicAndDtlsHaveTheirs) {
  const std::string quic = tls::ja4_of(client_hello_message("www.example.com"), tls::HelloOver::quic);
  Gateway gateway(dropping_ja4(quic), kRecording);
  EXPECT_EQ(gateway.judge(UdpConversation({}).client(quic_hello("www.example.com")).packets()), "D");
  EXPECT_EQ(quic.front(), 'q');
  EXPECT_EQ(fingerprints(gateway, EventKind::flow), std::vector<std::string>{quic});

  Gateway secure("", kRecording);
  secure.judge(UdpConversation({}).client(dtls_client_hello("www.example.com")).packets());
  const auto told = fingerprints(secure, EventKind::flow);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told.front().starts_with("d12d")) << told.front();  // the version that the helper writes
}

TEST(WorkerJa4, EventsTellItWhetherOrNotARuleAsks) {
  Gateway gateway("", kRecording);
  gateway.judge(connected().client(client_hello("www.example.com", kPlain)).server(server_hello()).close().packets());
  gateway.judge(connected(1002).client(client_hello("", kPlain)).server(server_hello()).close().packets());
  gateway.worker().finish();
  std::vector<std::string> flows, hellos;
  for (const Event& event : gateway.worker().take_events()) {
    if (event.kind == EventKind::flow) flows.push_back(event.shown.hello.ja4);
    if (event.kind == EventKind::message) hellos.push_back(event.shown.hello.ja4);
  }
  const std::string nameless = tls::ja4_of(client_hello_message("", kPlain), tls::HelloOver::tcp);
  EXPECT_EQ(flows, (std::vector<std::string>{ja4_over_tcp(kPlain), nameless}));
  EXPECT_EQ(hellos, flows);
}

TEST(WorkerJa4, IsNotWorkedOutForNobody) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 1024});
  gateway.judge(connected().client(client_hello("www.example.com", kPlain)).packets());
  std::vector<Event> open;
  gateway.worker().tell_flows(0, 1024, Time{}, open);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open.front().shown.hello.ja4, "");
}

TEST(WorkerJa4, IsJudgedAgainWhenRulesChange) {
  Gateway gateway("", kRecording);
  const auto packets = connected().client(client_hello("www.example.com", kPlain)).server(server_hello()).packets();
  EXPECT_EQ(gateway.judge(packets), "AAAAAAA");
  gateway.reload(dropping_ja4(ja4_over_tcp(kPlain)));
  EXPECT_EQ(gateway.judge({packets.back()}), "D");
}

}  // namespace
}  // namespace netscope::test
