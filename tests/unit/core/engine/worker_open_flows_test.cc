// Flows that count while they are open: what is seen early, and that nothing is counted twice.

#include <gtest/gtest.h>

#include <stdexcept>

#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

constexpr WorkerOptions kLive{.flow_capacity = 1024, .recording = {.open_flows = true}};
const Buffer kYouTube = client_hello("www.youtube.com");

void count_all(Gateway& gateway) {
  EXPECT_EQ(gateway.worker().count_open_flows(0, 1024), 0u);
}

const Tally& of_app(const Statistics& statistics, std::string_view name) {
  const auto apps = Catalogue::built_in().apps();
  for (std::size_t i = 0; i < apps.size(); ++i) {
    if (apps[i].name == name) return statistics.apps[i];
  }
  throw std::runtime_error("no such application");
}

std::string text_of(const Tally& tally) {
  return std::to_string(tally.packets) + " packets, " + std::to_string(tally.bytes) + " bytes, " +
         std::to_string(tally.flows) + " flows, " + std::to_string(tally.blocked) + " blocked";
}

// All that flows add to, as lines.
std::string summary(const Statistics& s) {
  std::string out = std::to_string(s.flows_total) + " flows, " + std::to_string(s.flows_tcp) + " TCP, " +
                    std::to_string(s.flows_udp) + " UDP\n";
  for (const std::uint64_t flows : s.flows) out += std::to_string(flows) + " ";
  for (const auto& [domain, tally] : s.domains.top(100)) out += "\n" + domain + ": " + text_of(tally);
  for (const auto& [client, tally] : s.clients.top(100)) out += "\n" + to_string(client) + ": " + text_of(tally);
  for (const auto& [edge, tally] : s.edges.top(100)) {
    out += "\n" + to_string(edge.client) + " " + std::to_string(edge.app) + " " + edge.domain + ": " +
           std::to_string(tally.packets) + " " + std::to_string(tally.bytes) + " " + std::to_string(tally.blocked);
  }
  for (std::size_t i = 0; i < s.apps.size(); ++i) {
    if (s.apps[i].packets != 0) out += "\napp " + std::to_string(i) + ": " + text_of(s.apps[i]);
  }
  for (const Tally& tally : s.protocols) out += "\n" + text_of(tally);
  return out;
}

std::vector<Packets> traffic() {
  return {connected(1001).client(kYouTube).server(server_hello()).close().packets(),
          connected(1002).client(client_hello("www.blocked.example")).packets(),
          connected(1003).client(Bytes(kYouTube).first(60)).packets(),
          connected(1004).packets(),
          connected(1005, 80).client(http_request("GET", "/", "www.youtube.com")).server(http_response()).packets(),
          dns_lookup({}, "fine.example", "192.0.2.1")};
}

TEST(OpenFlows, CountBeforeTheyEnd) {
  Gateway gateway(kBlockedDomain, kLive);
  gateway.judge(connected().client(kYouTube).packets());
  EXPECT_EQ(gateway.statistics().flows_total, 0u);
  count_all(gateway);
  const Statistics& s = gateway.statistics();
  EXPECT_EQ(s.flows_total, 1u);
  EXPECT_EQ(s.flows_tcp, 1u);
  EXPECT_EQ(flows_in(s, FlowState::classified), 1u);
  EXPECT_EQ(of_app(s, "YouTube").packets, s.all.packets);
  ASSERT_EQ(s.domains.size(), 1u);
  EXPECT_EQ(s.domains.top(1)[0].second.bytes, s.all.bytes);
  EXPECT_EQ(s.clients.top(1)[0].second.bytes, s.all.bytes);
  EXPECT_EQ(s.edges.top(1)[0].second.bytes, s.all.bytes);
}

TEST(OpenFlows, CountForTheNameThatCameAfterTheirFirstPackets) {
  Gateway gateway(kBlockedDomain, kLive);
  const Packets packets = connected().client(kYouTube).packets();
  for (const TimedPacket& packet : packets) {
    gateway.judge({packet});
    count_all(gateway);
  }
  EXPECT_EQ(of_app(gateway.statistics(), "YouTube").packets, packets.size());
  EXPECT_EQ(gateway.statistics().domains.top(1)[0].second.packets, packets.size());
  EXPECT_EQ(gateway.statistics().domains.top(1)[0].second.flows, 1u);
}

TEST(OpenFlows, CountOnceHoweverOftenTheyAreLookedAt) {
  Gateway once(kBlockedDomain), often(kBlockedDomain, kLive);
  for (const Packets& packets : traffic()) {
    for (const TimedPacket& packet : packets) {
      once.judge({packet});
      often.judge({packet});
      count_all(often);
      count_all(often);
    }
  }
  EXPECT_EQ(summary(often.finished()), summary(once.finished()));
}

TEST(OpenFlows, OfAPlaceThatIsUsedAgainCountAsWhole) {
  constexpr WorkerOptions kOne{.flow_capacity = 1, .recording = {.open_flows = true}};
  Gateway gateway(kBlockedDomain, kOne);
  const Packets first = connected(1001).client(kYouTube).packets();
  const Packets second = connected(1002).packets();
  gateway.judge(first);
  count_all(gateway);
  gateway.judge(second);
  count_all(gateway);
  EXPECT_EQ(gateway.statistics().flows_total, 2u);
  EXPECT_EQ(gateway.statistics().clients.top(1)[0].second.packets, first.size() + second.size());
  EXPECT_EQ(of_app(gateway.statistics(), "YouTube").packets, first.size());
}

TEST(OpenFlows, ThatShowAnotherNameKeepWhatCountedForTheFirst) {
  Gateway gateway(kBlockedDomain, kLive);
  TcpConversation conversation = connected(1001, 80).client(http_request("GET", "/", "first.example"));
  const std::size_t before = conversation.packets().size();
  const Packets all = conversation.server(http_response()).client(http_request("GET", "/", "second.example")).packets();
  gateway.judge(Packets(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before)));
  count_all(gateway);
  gateway.judge(Packets(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()));
  count_all(gateway);
  std::uint64_t packets = 0;
  const auto domains = gateway.statistics().domains.top(10);
  ASSERT_EQ(domains.size(), 2u);
  for (const auto& [name, tally] : domains) {
    EXPECT_EQ(tally.flows, 1u) << name;
    packets += tally.packets;
  }
  EXPECT_EQ(packets, all.size());
}

TEST(OpenFlows, AreReachedInStretches) {
  Gateway gateway(kBlockedDomain, kLive);
  for (std::uint16_t port = 1001; port <= 1010; ++port) gateway.judge(connected(port).packets());
  std::uint32_t place = 0;
  for (const std::uint64_t expected : {4, 8, 10}) {
    place = gateway.worker().count_open_flows(place, 4);
    EXPECT_EQ(gateway.statistics().flows_total, expected);
  }
  EXPECT_EQ(place, 0u);
}

TEST(OpenFlows, WaitForTheirEndUnlessAskedFor) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().client(kYouTube).packets());
  count_all(gateway);
  EXPECT_EQ(gateway.statistics().flows_total, 0u);
}

}  // namespace
}  // namespace netscope::test
