// Flows that show no name, after an answer of DNS gave their server's address one.
#include <algorithm>

#include "netscope/engine/answer_watch.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

using namespace std::chrono_literals;

// A gateway whose worker learns from what it is shown, as every worker is told what any of them sees.
class LearningGateway : public Gateway {
 public:
  using Gateway::Gateway;
  std::string lookup(const Packets& packets) {
    for (const netscope::Packet& packet : decode(packets, number_).packets) {
      if (!AnswerWatch::concerns(packet)) continue;
      if (const auto answer = watch_.see(packet)) learned().add(*answer, 0);
    }
    return judge(packets);
  }
  std::string lookup(std::string_view name, std::string_view address) {
    return lookup(dns_lookup({.server = "203.0.113.53", .client_port = 40000}, name, address));
  }

 private:
  AnswerWatch watch_{7};
  std::uint64_t number_ = 1;
};

const std::string kByDns = dropping("domain = ['blocked.example']\nby = ['dns', 'sni']");
constexpr std::string_view kServer = "203.0.113.9";  // of every conversation here

TcpConversation nameless_tls() {
  return TcpConversation({.begin = kTestTime + 1s}).handshake().client(client_hello("")).server(server_hello());
}

TEST(LearnedName, BlocksAFlowThatShowsNone) {
  LearningGateway gateway(kByDns);
  EXPECT_EQ(gateway.lookup("www.blocked.example", kServer), "AA");
  EXPECT_EQ(gateway.judge(nameless_tls().packets()).substr(0, 5), "AAADD");
}

TEST(LearnedName, BlocksTextThatMayTurnToTls) {
  const auto text = TcpConversation({.begin = kTestTime + 1s})
                        .handshake()
                        .client(as_bytes("hello\r\n"))
                        .server(as_bytes("hello\r\n"));
  LearningGateway gateway(kByDns);
  EXPECT_EQ(gateway.lookup("www.blocked.example", kServer), "AA");
  const std::string verdicts = gateway.judge(text.packets());
  EXPECT_EQ(verdicts.substr(verdicts.size() - 2), "DD") << verdicts;
}

TEST(LearnedName, IsAskedForByRulesOnly) {
  LearningGateway gateway(kBlockedDomain);
  gateway.lookup("allowed.example", "203.0.113.10");
  gateway.learned().add({.client = IpAddress::parse("192.168.1.20").value(),
                         .names = {"www.blocked.example"},
                         .addresses = {{IpAddress::parse(kServer).value(), kTestTime + 60s}},
                         .learned = kTestTime},
                        0);
  EXPECT_EQ(gateway.judge(nameless_tls().packets()).find('D'), std::string::npos);
}

TEST(LearnedName, NeverStandsAgainstANameOfTheFlow) {
  LearningGateway gateway(kByDns);
  gateway.lookup("www.blocked.example", kServer);
  EXPECT_EQ(
      gateway.judge(connected().client(client_hello("allowed.example")).server(server_hello()).packets()).find('D'),
      std::string::npos);
}

TEST(LearnedName, AnyOfAnAddressesNamesBlocks) {
  LearningGateway gateway(kByDns);
  gateway.lookup("www.blocked.example", kServer);
  gateway.lookup("allowed.example", kServer);  // a client that adds a harmless name gains nothing
  EXPECT_EQ(gateway.judge(nameless_tls().packets()).substr(0, 5), "AAADD");
}

TEST(LearnedName, AnAliasBlocksToo) {
  LearningGateway gateway(kByDns);
  const Buffer answer = dns_response(
      "innocent.example", {{.value = "blocked.example"}, {.value = std::string(kServer), .owner = "blocked.example"}});
  gateway.lookup(UdpConversation({.server = "203.0.113.53", .client_port = 40000, .server_port = 53})
                     .client(dns_query("innocent.example"))
                     .server(answer)
                     .packets());
  EXPECT_EQ(gateway.judge(nameless_tls().packets()).substr(0, 5), "AAADD");
}

TEST(LearnedName, HoldsForDatagramsAndForWhatNobodyKnows) {
  LearningGateway gateway(kByDns);
  gateway.lookup("www.blocked.example", kServer);
  EXPECT_EQ(gateway.judge(UdpConversation({.server_port = 4000, .begin = kTestTime + 1s})
                              .client(Buffer{1, 2, 3, 4})
                              .server(Buffer{1})
                              .packets()),
            "DD");
  EXPECT_EQ(gateway
                .judge(TcpConversation({.server_port = 4000, .begin = kTestTime + 1s})
                           .handshake()
                           .client(Buffer(40, 0x80))
                           .server(Buffer(40, 0x81))
                           .client(Buffer(40, 0x82))
                           .packets())
                .back(),
            'D');
}

TEST(LearnedName, DiesWithItsAnswer) {
  LearningGateway gateway(kByDns);
  gateway.lookup("www.blocked.example", kServer);
  Packets late = nameless_tls().packets();
  for (TimedPacket& packet : late) packet.at += 300s;
  EXPECT_EQ(gateway.judge(late).find('D'), std::string::npos);
}

// --- one client at several addresses: its link's address tells

const Packet kOtherDevice = ethernet("02:00:00:00:00:15");
constexpr std::string_view kServerV6 = "2001:db8:2::7";

// Over version 6, after questions over version 4.
Packets nameless_v6(const Packet& link) {
  return TcpConversation({.client = "2001:db8::10",
                          .server = std::string(kServerV6),
                          .server_port = 8443,
                          .begin = kTestTime + 1s,
                          .link = link})
      .handshake()
      .client(Buffer(40, 0x99))
      .server(Buffer(40, 0x98))
      .packets();
}
Packets asked_by(std::string client, const Packet& link, std::string_view name = "www.blocked.example") {
  const Ends ends{.client = std::move(client), .server = "203.0.113.53", .client_port = 40000, .link = link};
  return dns_lookup(ends, name, kServerV6);
}
bool blocks(Gateway& gateway, const Packets& packets) {
  return gateway.judge(packets).find('D') != std::string::npos;
}

TEST(LearnedName, HoldsForTheDeviceThatAskedAtAnotherOfItsAddresses) {
  LearningGateway gateway(kByDns);
  EXPECT_EQ(gateway.lookup(asked_by("192.168.1.20", ethernet())), "AA");
  EXPECT_FALSE(blocks(gateway, nameless_v6(kOtherDevice)));
  EXPECT_FALSE(blocks(gateway, later(nameless_v6(raw()), 300s)));
  LearningGateway same(kByDns);
  same.lookup(asked_by("192.168.1.20", ethernet()));
  EXPECT_TRUE(blocks(same, nameless_v6(ethernet())));
  LearningGateway harmless(kByDns);
  harmless.lookup(asked_by("192.168.1.20", ethernet(), "fine.example"));
  EXPECT_FALSE(blocks(harmless, nameless_v6(ethernet())));
  LearningGateway nobody(kByDns);
  nobody.lookup(asked_by("192.168.1.20", ppp()));
  EXPECT_FALSE(blocks(nobody, nameless_v6(ppp()))) << "who sent them is not known";
  LearningGateway host(kByDns);
  host.lookup(asked_by("192.168.1.20", raw()));
  EXPECT_TRUE(blocks(host, nameless_v6(raw()))) << "without a link there is one device";
}

TEST(LearnedName, HoldsForNobodyElseBehindARouter) {
  LearningGateway gateway(kByDns);
  gateway.lookup(asked_by("192.168.1.20", ethernet()));
  gateway.lookup(asked_by("192.168.1.21", ethernet(), "fine.example"));
  EXPECT_FALSE(blocks(gateway, nameless_v6(ethernet())));
  gateway.lookup("www.blocked.example", kServer);
  EXPECT_TRUE(blocks(gateway, nameless_tls().packets())) << "the asker itself";
}

TEST(LearnedName, IsNotForOtherClients) {
  LearningGateway gateway(kByDns);
  gateway.lookup("www.blocked.example", kServer);
  EXPECT_EQ(gateway
                .judge(TcpConversation({.client = "192.168.1.21", .begin = kTestTime + 1s, .link = kOtherDevice})
                           .handshake()
                           .client(client_hello(""))
                           .packets())
                .find('D'),
            std::string::npos);
}

TEST(LearnedName, HoldsAfterAReload) {
  LearningGateway gateway("");
  gateway.lookup("www.blocked.example", kServer);
  const Packets packets = nameless_tls().packets();
  EXPECT_EQ(gateway.judge(packets).find('D'), std::string::npos);
  gateway.reload(kByDns);
  EXPECT_EQ(gateway.judge({packets.back()}), "D");
}

TEST(LearnedName, IsTheFlowsInReportsAndMarkedAsLearned) {
  for (const std::string& rules : {std::string(), kByDns}) {
    LearningGateway gateway(rules);
    gateway.lookup("www.blocked.example", kServer);
    gateway.worker().take_events();
    WorkerOptions options{.flow_capacity = 1024, .recording = {.flows = true, .messages = true}};
    LearningGateway recording(rules, options);
    recording.lookup("www.blocked.example", kServer);
    recording.judge(nameless_tls().packets());
    recording.finished();
    const std::vector<Event> events = recording.worker().take_events();
    const auto flow = std::find_if(events.begin(), events.end(), [](const Event& event) {
      return event.kind == EventKind::flow && event.protocol == Protocol::tls;
    });
    ASSERT_NE(flow, events.end());
    ASSERT_EQ(flow->shown.names.size(), 1u);
    EXPECT_EQ(flow->shown.names[0].name, "www.blocked.example");
    EXPECT_EQ(name_source(flow->shown.names[0].protocol), NameSource::dns);
  }
}

// --- [policy] ech and https_records

TEST(EchPolicy, DropsAHelloThatMayHideAName) {
  Gateway gateway("[policy]\nech = 'drop'");
  EXPECT_EQ(gateway.judge(connected(40001).client(client_hello("outer.example", {.ech = true})).packets()), "AAADD");
  EXPECT_EQ(
      gateway.judge(connected(40002).client(client_hello("plain.example")).server(server_hello()).packets()).find('D'),
      std::string::npos);
}

TEST(EchPolicy, RulesComeFirst) {
  Gateway gateway("[policy]\nech = 'reject'\n[[rule]]\nname = 'x'\naction = 'accept'\ndomain = ['outer.example']");
  EXPECT_EQ(gateway.judge(connected(40001).client(client_hello("outer.example", {.ech = true})).packets()).find('R'),
            std::string::npos);
  EXPECT_NE(gateway.judge(connected(40002).client(client_hello("other.example", {.ech = true})).packets()).find('R'),
            std::string::npos);
}

TEST(HttpsRecordsPolicy, JudgesEachQuestionByItself) {
  Gateway gateway("[policy]\nhttps_records = 'reject'");
  const Ends ends{.server = "203.0.113.53", .server_port = 53};
  EXPECT_EQ(gateway.judge(UdpConversation(ends)
                              .client(dns_query("a.example"))
                              .client(dns_query("a.example", kTypeHttps))
                              .client(dns_query("a.example", 64))
                              .client(dns_query("a.example", kTypeAaaa))
                              .server(dns_response("a.example", {{.value = "203.0.113.9"}}))
                              .packets()),
            "ARRAA");
}

}  // namespace
}  // namespace netscope::test
