// How flows end, what is counted then, and what happens at each limit.

#include <gtest/gtest.h>

#include <numeric>

#include "core/engine/inspection_pool.h"
#include "core/flow/flow.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Packets first_packets(Packets packets, std::size_t count) {
  packets.erase(packets.begin() + static_cast<std::ptrdiff_t>(count), packets.end());
  return packets;
}

TEST(FlowStates, AreCountedByHowEachFlowEnded) {
  struct Case {
    FlowState state;
    Packets packets;
  };
  const std::vector<Case> cases{
      {FlowState::opened, first_packets(connected().packets(), 1)},
      {FlowState::opened, first_packets(connected().packets(), 2)},
      {FlowState::established, connected().packets()},
      {FlowState::classified, connected().client(kFineHello).packets()},
      {FlowState::classified, dns_lookup({}, "fine.example", "192.0.2.1")},
      {FlowState::closed, connected().client(kFineHello).close().packets()},
      {FlowState::closed, connected().server_resets().packets()},
      {FlowState::closed, connected().close().packets()},
      {FlowState::incomplete, connected().client(Bytes(kFineHello).first(60)).packets()},
      {FlowState::incomplete, connected().client(Bytes(kFineHello).first(60)).close().packets()},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Gateway gateway(kBlockedDomain);
    gateway.judge(cases[i].packets);
    const Statistics& statistics = gateway.finished();
    EXPECT_EQ(flows_in(statistics, cases[i].state), 1u) << "case " << i << ", " << to_string(cases[i].state);
    EXPECT_EQ(statistics.flows_total, 1u) << "case " << i;
  }
}

TEST(FlowStates, ADatagramFlowThatFellSilentIsClosed) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(dns_lookup({}, "fine.example", "192.0.2.1"));
  gateway.judge(connected().packets().front().packet, kTestTime + hours{1});
  EXPECT_EQ(flows_in(gateway.statistics(), FlowState::closed), 1u);
}

TEST(FlowStates, AddUpToAllFlowsAndAllPackets) {
  Gateway gateway(kBlockedDomain);
  for (std::uint16_t i = 0; i < 50; ++i) {
    TcpConversation web = connected(static_cast<std::uint16_t>(2000 + i));
    if (i % 2 == 0) web.client(i % 4 == 0 ? kBlockedHello : kFineHello);
    if (i % 3 == 0) web.close();
    gateway.judge(web.packets());
  }
  const Statistics& s = gateway.finished();
  EXPECT_EQ(s.flows_total, 50u);
  EXPECT_EQ(s.flows_tcp, 50u);
  EXPECT_EQ(s.flows_open, 33u) << "each third one closed";
  EXPECT_EQ(std::accumulate(s.flows.begin(), s.flows.end(), std::uint64_t{0}), s.flows_total);
  EXPECT_EQ(s.accepted.packets + s.dropped.packets + s.rejected.packets, s.all.packets);
  EXPECT_EQ(s.accepted.bytes + s.dropped.bytes, s.all.bytes);
  EXPECT_EQ(s.dropped.packets, s.reasons.rules + s.reasons.flow_drop + s.reasons.default_policy);
  EXPECT_EQ(s.names, 25u);
  const auto clients = s.clients.top(1);
  ASSERT_EQ(clients.size(), 1u);
  EXPECT_EQ(clients[0].second.flows, 50u);
  EXPECT_EQ(clients[0].second.packets, s.all.packets);
  EXPECT_EQ(clients[0].second.blocked, s.dropped.packets);
}

TEST(Reuse, ASynOnAClosedConnectionOpensAnotherFlow) {
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(gateway.judge(connected().client(kFineHello).close().packets()), "AAAAAAAA");
  EXPECT_EQ(gateway.judge(later(connected().client(kBlockedHello).packets(), seconds{1})), "AAADD");
  EXPECT_EQ(gateway.judge(later(connected().client(kBlockedHello).packets(), seconds{2})), "AAADA")
      << "no end of the blocked connection was seen: it goes on, but for packets by which the ends find out";
}

TEST(Reuse, ABlockedConnectionThatClosedGivesItsEndsToANewOne) {
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(gateway.judge(connected().client(kBlockedHello).close().packets()), "AAADDDDD");
  EXPECT_EQ(gateway.judge(later(connected().client(kFineHello).packets(), seconds{5})), "AAAAA");
  EXPECT_EQ(gateway.finished().flows_total, 2u);
}

TEST(Reuse, StragglersOfABlockedConnectionStayBlockedAfterItsReset) {
  Gateway gateway(kBlockedDomain);
  TcpConversation web = connected().client(kBlockedHello).server_resets();
  EXPECT_EQ(gateway.judge(web.packets()), "AAADDD");
  EXPECT_EQ(gateway.judge(later(connected().server(server_hello()).packets(), seconds{20})).back(), 'A')
      << "with a new SYN it is a new connection";
  Gateway again(kBlockedDomain);
  again.judge(web.packets());
  const Packets answers = connected().server(server_hello()).packets();
  EXPECT_EQ(again.judge(later({answers[3]}, seconds{20})), "D");
}

TEST(Reuse, AfterItsTimeoutAFlowIsAnother) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().client(kBlockedHello).packets());
  const Duration idle = IdleTimeouts{}.tcp;
  const Packets data = connected().client(kFineHello).packets();
  EXPECT_EQ(gateway.judge(data[3].packet, data[4].at + idle - seconds{1}), "D");
  EXPECT_EQ(gateway.judge(data[3].packet, data[4].at + idle - seconds{1} + idle), "A");
  EXPECT_EQ(gateway.finished().flows_total, 2u);
}

TEST(Reuse, OneRecordFarAheadDoesNotEndAllFlows) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().client(kBlockedHello).packets());
  Packets burst = connected().client(kBlockedHello).packets();
  burst.insert(burst.begin() + 3, {.at = kTestTime + hours{1000}, .packet = connected(7).packets()[0].packet});
  burst.erase(burst.begin(), burst.begin() + 3);
  EXPECT_EQ(gateway.judge(burst), "ADD");
}

TEST(Capacity, OneFlowMoreEvictsOne) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 2});
  for (std::uint16_t port = 1; port <= 2; ++port) gateway.judge(connected(port).packets());
  EXPECT_EQ(gateway.statistics().evicted, 0u);
  gateway.judge(connected(3).packets());
  EXPECT_EQ(gateway.statistics().evicted, 1u);
  EXPECT_EQ(gateway.statistics().evicted_pending, 1u);
  EXPECT_EQ(gateway.finished().flows_total, 3u);
}

TEST(Capacity, ClosedFlowsAreEvictedBeforeJudgedOnesAndThoseBeforePendingOnes) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 3});
  gateway.judge(connected(1).client(Bytes(kBlockedHello).first(60)).packets());
  gateway.judge(connected(2).client(kFineHello).packets());
  gateway.judge(connected(3).client(kFineHello).close().packets());
  gateway.judge(connected(4).packets());
  EXPECT_EQ(flows_in(gateway.statistics(), FlowState::closed), 1u);
  gateway.judge(connected(5).packets());
  EXPECT_EQ(flows_in(gateway.statistics(), FlowState::classified), 1u);
  EXPECT_EQ(gateway.statistics().evicted_pending, 0u);
  const Packets rest = connected(1).client_at(60, Bytes(kBlockedHello).subspan(60)).packets();
  EXPECT_EQ(gateway.judge({rest[3]}), "D") << "the pending one was kept";
}

TEST(Capacity, AFloodOfSynsIsBounded) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 64});
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    gateway.judge(ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(port, 443).flags("S"));
  }
  EXPECT_EQ(gateway.statistics().evicted, 1000u - 64u);
  EXPECT_EQ(gateway.finished().flows_open, 64u);
}

TEST(Memory, ComesBackWhenFlowsAreJudgedOrEnd) {
  Gateway gateway(kBlockedDomain,
                  {.flow_capacity = 64, .inspection_bytes = kSharesOfMemory * 2 * (sizeof(Inspection) + 4096)});
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    TcpConversation web = connected(port);
    web.client_in_pieces(port % 2 == 0 ? kBlockedHello : kFineHello, 100);
    web.server(server_hello());
    gateway.judge(later(web.packets(), seconds{port}));
  }
  EXPECT_EQ(gateway.statistics().given_up, 0u);
}

}  // namespace
}  // namespace netscope::test
