#include "netscope/engine/answer_watch.h"

#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

using namespace std::chrono_literals;

// What the watch learned of these packets: "192.168.1.20: www.example.org > 203.0.113.9/300".
std::string learned(const Packets& packets) {
  AnswerWatch watch(7);
  std::string out;
  for (const netscope::Packet& packet : decode(packets).packets) {
    if (!AnswerWatch::concerns(packet)) continue;
    const auto answer = watch.see(packet);
    if (!answer) continue;
    out += (out.empty() ? "" : "; ") + to_string(answer->client) + ": " + answer->names.front() + " >";
    for (const auto& [address, expires] : answer->addresses) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(expires - answer->learned).count();
      out += ' ' + to_string(address) + '/' + std::to_string(seconds);
    }
  }
  return out;
}

const Ends kEnds{.server = "203.0.113.53", .server_port = 53};
Buffer dns_answer(std::uint16_t id = 0x1234, std::uint32_t seconds = 300, std::string_view name = "www.example.org") {
  return dns_response(name, {{.value = "203.0.113.9", .ttl_seconds = seconds}}, kTypeA, id);
}
const Buffer kQuery = dns_query("www.example.org");
const std::string kLearned = "192.168.1.20: www.example.org > 203.0.113.9/300";

TEST(AnswerWatch, TheDeviceIsWhoSentTheQuery) {
  AnswerWatch watch(7);
  const Ends ends{.server = "203.0.113.53", .server_port = 53, .link = ethernet("02:00:00:00:00:77")};
  const Decoded decoded = decode(UdpConversation(ends).client(kQuery).server(dns_answer()).packets());
  EXPECT_FALSE(watch.see(decoded.packets[0]));
  const auto answer = watch.see(decoded.packets[1]);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->device, (LinkAddress{{2, 0, 0, 0, 0, 0x77}}));
}

TEST(AnswerWatch, LearnsFromTheAnswerToAQuery) {
  EXPECT_EQ(learned(UdpConversation(kEnds).client(kQuery).server(dns_answer()).packets()), kLearned);
}

TEST(AnswerWatch, AnAnswerThatNobodyAskedForTeachesNothing) {
  EXPECT_EQ(learned(UdpConversation(kEnds).server(dns_answer()).packets()), "");
  EXPECT_EQ(learned(UdpConversation(kEnds).client(kQuery).server(dns_answer(0x1235)).packets()), "");
  EXPECT_EQ(learned(UdpConversation(kEnds).client(kQuery).server(dns_answer(0x1234, 300, "www.example.com")).packets()),
            "");
}

TEST(AnswerWatch, OnlyTheServerAndThePortThatWereAskedMayAnswer) {
  Ends other_server = kEnds, other_port = kEnds, other_client = kEnds;
  other_server.server = "203.0.113.54";
  other_port.client_port = 51235;
  other_client.client = "192.168.1.21";
  for (const Ends& ends : {other_server, other_port, other_client}) {
    Packets packets = UdpConversation(kEnds).client(kQuery).packets();
    for (const TimedPacket& packet : UdpConversation(ends).server(dns_answer()).packets()) packets.push_back(packet);
    EXPECT_EQ(learned(packets), "");
  }
}

// A client that answers itself, as if it were the server of its own question: the port of a server is 53.
TEST(AnswerWatch, AClientCannotAnswerItself) {
  EXPECT_EQ(learned(UdpConversation(kEnds).client(kQuery).client(dns_answer()).packets()), "");
  Ends backwards = kEnds;
  backwards.client_port = 53;
  backwards.server_port = 4000;
  EXPECT_EQ(learned(UdpConversation(backwards).client(kQuery).server(dns_answer()).packets()), "");
}

TEST(AnswerWatch, TheFirstAnswerCountsAndNoOther) {
  const Buffer second = dns_response("www.example.org", {{.value = "203.0.113.66"}});
  EXPECT_EQ(learned(UdpConversation(kEnds).client(kQuery).server(dns_answer()).server(second).packets()), kLearned);
}

TEST(AnswerWatch, AnAnswerMustComeInTime) {
  Packets packets = UdpConversation(kEnds).client(kQuery).server(dns_answer()).packets();
  packets[1].at = packets[0].at + kAnswerWithin;
  EXPECT_EQ(learned(packets), kLearned);
  packets[1].at += 1ns;
  EXPECT_EQ(learned(packets), "");
}

TEST(AnswerWatch, LifetimesHaveAFloorAndACap) {
  const auto lifetime = [](std::uint32_t seconds) {
    const std::string text =
        learned(UdpConversation(kEnds).client(kQuery).server(dns_answer(0x1234, seconds)).packets());
    return text.substr(text.rfind('/') + 1);
  };
  EXPECT_EQ(lifetime(0), "60");
  EXPECT_EQ(lifetime(60), "60");
  EXPECT_EQ(lifetime(61), "61");
  EXPECT_EQ(lifetime(86400), "86400");
  EXPECT_EQ(lifetime(86401), "86400");
  EXPECT_EQ(lifetime(0x80000000), "60");
}

TEST(AnswerWatch, AClientThatAsksForTooMuchAtOnceLosesItsOldestQuery) {
  UdpConversation at_limit(kEnds), beyond(kEnds);
  at_limit.client(kQuery);
  beyond.client(kQuery);
  for (std::size_t i = 1; i < kQueriesPerGroup; ++i) {
    at_limit.client(dns_query("other.example"));
    beyond.client(dns_query("other.example"));
  }
  EXPECT_EQ(learned(at_limit.server(dns_answer()).packets()), kLearned);
  EXPECT_EQ(learned(beyond.client(dns_query("other.example")).server(dns_answer()).packets()), "");
}

}  // namespace
}  // namespace netscope::test
