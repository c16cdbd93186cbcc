#include "core/flow/table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace netscope {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kBegin{seconds{1'700'000'000}};

FlowKey key(std::uint32_t number, std::uint8_t protocol = ip_protocol::tcp) {
  FlowKey out;
  for (int i = 0; i < 4; ++i) out.low_address[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> 8 * i);
  out.high_address[0] = 10;
  out.ip_protocol = protocol;
  out.version = IpVersion::v4;
  return out;
}

Flow& create(FlowTable& table, std::uint32_t number, Time now, std::uint8_t protocol = ip_protocol::tcp) {
  const FlowKey of = key(number, protocol);
  return table.create(of, table.hash_of(of), now);
}

Flow* find(FlowTable& table, std::uint32_t number, std::uint8_t protocol = ip_protocol::tcp) {
  return table.find(key(number, protocol), table.hash_of(key(number, protocol)));
}

FlowTable table_of(std::uint32_t capacity) {
  return {capacity, 1, IdleTimeouts{}};
}

// A TCP connection on which both sides spoke.
Flow& established(FlowTable& table, std::uint32_t number, Time now) {
  Flow& flow = create(table, number, now);
  flow.packets = {1, 1};
  return flow;
}

TEST(FlowTable, FindsWhatItCreatedAndNothingElse) {
  FlowTable table = table_of(4);
  Flow& flow = create(table, 1, kBegin);
  EXPECT_EQ(find(table, 1), &flow);
  EXPECT_EQ(find(table, 2), nullptr);
  EXPECT_EQ(find(table, 1, ip_protocol::udp), nullptr);
  EXPECT_EQ(table.record_of(flow).first_seen, kBegin);
  EXPECT_EQ(flow.list, FlowList::opening_tcp);
  EXPECT_EQ(create(table, 2, kBegin, ip_protocol::udp).list, FlowList::pending_brief);
}

TEST(FlowTable, IsFullAtItsCapacityAndNotOneBelow) {
  FlowTable table = table_of(3);
  create(table, 1, kBegin);
  create(table, 2, kBegin);
  EXPECT_FALSE(table.full());
  Flow& last = create(table, 3, kBegin);
  EXPECT_TRUE(table.full());
  table.remove(last);
  EXPECT_FALSE(table.full());
  EXPECT_EQ(table.size(), 2u);
}

TEST(FlowTable, ACapacityOfNothingIsOne) {
  FlowTable table = table_of(0);
  EXPECT_EQ(table.capacity(), 1u);
  create(table, 1, kBegin);
  EXPECT_TRUE(table.full());
  EXPECT_NE(table.next_victim(), nullptr);
}

TEST(FlowTable, ANewFlowInAnUsedPlaceRemembersNothing) {
  FlowTable table = table_of(1);
  Flow& first = create(table, 1, kBegin);
  first.packets = {7, 7};
  first.standing = Standing::whole_flow;
  first.facts = Facts::final;
  first.shown = std::make_unique<ShownFacts>();
  table.remove(first);
  const Flow& second = create(table, 2, kBegin + seconds{1});
  EXPECT_EQ(&second, &first);
  EXPECT_EQ(second.packets[0], 0u);
  EXPECT_FALSE(second.decided());
  EXPECT_EQ(second.shown, nullptr);
  EXPECT_EQ(find(table, 1), nullptr);
}

TEST(FlowTable, EvictsClosedBeforeJudgedBeforePending) {
  FlowTable table = table_of(6);
  const std::array<FlowList, 6> order{FlowList::closed,      FlowList::judged_brief,  FlowList::judged_tcp,
                                      FlowList::opening_tcp, FlowList::pending_brief, FlowList::pending_tcp};
  for (std::uint32_t i = 6; i > 0; --i) table.move_to(create(table, i - 1, kBegin), order[i - 1], kBegin);
  for (std::uint32_t i = 0; i < 6; ++i) {
    Flow* victim = table.next_victim();
    ASSERT_NE(victim, nullptr);
    EXPECT_EQ(victim, find(table, i));
    table.remove(*victim);
  }
  EXPECT_EQ(table.next_victim(), nullptr);
}

TEST(FlowTable, EvictsWithinAListTheOneThatWasPutThereFirst) {
  FlowTable table = table_of(3);
  for (std::uint32_t i = 0; i < 3; ++i) create(table, i, kBegin + seconds{i});
  EXPECT_EQ(table.next_victim(), find(table, 0));
  table.move_to(*find(table, 0), FlowList::pending_tcp, kBegin + seconds{5});
  EXPECT_EQ(table.next_victim(), find(table, 1));
}

TEST(FlowTable, WhoSpokeSinceGetsASecondChance) {
  FlowTable table = table_of(3);
  for (std::uint32_t i = 0; i < 3; ++i) create(table, i, kBegin);
  find(table, 0)->last_seen = kBegin + seconds{9};
  EXPECT_EQ(table.next_victim(), find(table, 1));
}

TEST(FlowTable, ThereIsAVictimThoughAllSpokeSince) {
  FlowTable table = table_of(100);
  for (std::uint32_t i = 0; i < 100; ++i) create(table, i, kBegin).last_seen = kBegin + seconds{9};
  EXPECT_EQ(table.next_victim(), find(table, 16)) << "sixteen second chances, and no more";
}

TEST(FlowTable, FlowsExpireAtTheirTimeoutAndNotBefore) {
  const IdleTimeouts timeouts;
  FlowTable table = table_of(4);
  create(table, 1, kBegin, ip_protocol::udp);
  EXPECT_EQ(table.next_stale(kBegin + timeouts.brief - milliseconds{1}), nullptr);
  EXPECT_EQ(table.next_stale(kBegin + timeouts.brief), find(table, 1, ip_protocol::udp));
  table.remove(*find(table, 1, ip_protocol::udp));
  create(table, 2, kBegin);
  EXPECT_EQ(table.next_stale(kBegin + timeouts.tcp_opening - milliseconds{1}), nullptr);
  EXPECT_EQ(table.next_stale(kBegin + timeouts.tcp_opening), find(table, 2));
  table.remove(*find(table, 2));
  Flow& spoken = established(table, 3, kBegin);
  EXPECT_EQ(table.next_stale(kBegin + timeouts.tcp - milliseconds{1}), nullptr);
  EXPECT_TRUE(table.is_stale(spoken, kBegin + timeouts.tcp));
  table.move_to(spoken, FlowList::closed, kBegin);
  EXPECT_EQ(table.next_stale(kBegin + timeouts.closed), &spoken);
}

TEST(FlowTable, EveryStaleFlowIsFoundWithinOnePeriodOfItsEnd) {
  const IdleTimeouts timeouts;
  FlowTable table = table_of(64);
  for (std::uint32_t i = 0; i < 64; ++i) established(table, i, kBegin + seconds{i});
  const Time late = kBegin + timeouts.tcp + seconds{64} + timeouts.brief;
  // The worker asks after each burst; a list's head that spoke since goes back to its end.
  std::uint32_t found = 0;
  for (Time now = kBegin; now <= late; now += seconds{1}) {
    while (Flow* flow = table.next_stale(now)) {
      EXPECT_TRUE(table.is_stale(*flow, now));
      table.remove(*flow);
      ++found;
    }
  }
  EXPECT_EQ(found, 64u);
}

TEST(FlowTable, AFlowThatSpeaksOnDoesNotExpire) {
  const IdleTimeouts timeouts;
  FlowTable table = table_of(2);
  Flow& flow = create(table, 1, kBegin, ip_protocol::udp);
  for (Time now = kBegin; now < kBegin + 5 * timeouts.brief; now += timeouts.brief / 2) {
    flow.last_seen = now;
    EXPECT_EQ(table.next_stale(now), nullptr);
  }
}

TEST(FlowTable, TimeThatGoesBackwardsEndsNothing) {
  FlowTable table = table_of(2);
  create(table, 1, kBegin);
  EXPECT_EQ(table.next_stale(kBegin - seconds{1'000'000}), nullptr);
  EXPECT_EQ(table.next_stale(Time{Duration::min() / 2}), nullptr) << "the earliest moment that a capture can claim";
}

TEST(FlowTable, VisitsEachFlowOnceAndMayRemoveIt) {
  FlowTable table = table_of(10);
  for (std::uint32_t i = 0; i < 10; ++i) create(table, i, kBegin);
  table.remove(*find(table, 4));
  int visited = 0;
  table.for_each([&](Flow& flow) {
    ++visited;
    table.remove(flow);
  });
  EXPECT_EQ(visited, 9);
  EXPECT_EQ(table.size(), 0u);
}

// A second truth for the index: hashes that collide on purpose, so that clusters form, wrap around and close up again.
TEST(FlowTable, IsAsNewWhenItIsCleared) {
  FlowTable table = table_of(3);
  create(table, 1, kBegin).shown = std::make_unique<ShownFacts>();
  table.remove(create(table, 2, kBegin));
  EXPECT_EQ(table.next_stale(kBegin + std::chrono::hours(1)), find(table, 1));
  table.clear();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(find(table, 1), nullptr);
  EXPECT_EQ(table.next_victim(), nullptr);
  EXPECT_EQ(table.next_stale(kBegin + std::chrono::hours(2)), nullptr);
  // The clock begins again with the first flow.
  for (std::uint32_t i = 1; i <= 3; ++i) EXPECT_EQ(create(table, i, kBegin).shown, nullptr);
  EXPECT_TRUE(table.full());
  EXPECT_NE(table.next_stale(kBegin + std::chrono::hours(3)), nullptr);
}

TEST(FlowTable, AgreesWithAMapOverRandomCreationsAndRemovals) {
  constexpr std::uint32_t kCapacity = 48;
  std::mt19937 random(7);
  for (const std::uint32_t spread : {1u, 3u, 16u, 0xffffffffu}) {
    FlowTable table = table_of(kCapacity);
    std::unordered_map<std::uint32_t, Flow*> truth;
    const auto hash_of = [&](std::uint32_t number) { return 126 + number * 2654435761u % spread; };  // 128 slots
    for (int step = 0; step < 20'000; ++step) {
      const auto number = static_cast<std::uint32_t>(random() % 96);
      const FlowKey of = key(number);
      Flow* found = table.find(of, hash_of(number));
      const auto expected = truth.find(number);
      ASSERT_EQ(found, expected == truth.end() ? nullptr : expected->second) << "step " << step;
      if (found != nullptr) {
        if (random() % 4 == 0) table.move_to(*found, static_cast<FlowList>(random() % kFlowListCount), kBegin);
        if (random() % 2 == 0) continue;
        table.remove(*found);
        truth.erase(number);
      } else if (!table.full()) {
        truth[number] = &table.create(of, hash_of(number), kBegin);
      } else {
        Flow* victim = table.next_victim();
        ASSERT_NE(victim, nullptr);
        ASSERT_EQ(std::erase_if(truth, [&](const auto& entry) { return entry.second == victim; }), 1u);
        table.remove(*victim);
      }
      ASSERT_EQ(table.size(), truth.size());
    }
  }
}

TEST(FlowTable, PrefetchingNeedsNoFlow) {
  FlowTable table = table_of(4);
  table.prefetch_index(123);
  table.prefetch_flow(123);
  create(table, 1, kBegin);
  table.prefetch_flow(table.hash_of(key(1)));
}

}  // namespace
}  // namespace netscope
