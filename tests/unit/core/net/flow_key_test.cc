#include "netscope/net/flow_key.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <vector>

#include "core/flow/flow.h"

namespace netscope {
namespace {

Headers headers(std::string_view source, std::uint16_t source_port, std::string_view destination,
                std::uint16_t destination_port) {
  Headers out;
  out.status = HeaderStatus::ok;
  out.ip_protocol = ip_protocol::tcp;
  out.source = IpAddress::parse(source).value();
  out.destination = IpAddress::parse(destination).value();
  out.source_port = source_port;
  out.destination_port = destination_port;
  return out;
}

TEST(FlowKey, IsTheSameForAPacketAndItsAnswer) {
  struct Ends {
    std::string_view a;
    std::uint16_t a_port;
    std::string_view b;
    std::uint16_t b_port;
  };
  for (const Ends& ends : {Ends{"10.0.0.1", 5000, "10.0.0.2", 443}, Ends{"10.0.0.1", 1, "10.0.0.1", 2},
                           Ends{"2001:db8::1", 5000, "2001:db8::2", 443}, Ends{"::1", 9, "::1", 8}}) {
    const DirectedKey there = flow_key(headers(ends.a, ends.a_port, ends.b, ends.b_port));
    const DirectedKey back = flow_key(headers(ends.b, ends.b_port, ends.a, ends.a_port));
    EXPECT_EQ(there.key, back.key);
    EXPECT_NE(there.direction, back.direction);
    EXPECT_EQ(hash(there.key, 7), hash(back.key, 7));
    EXPECT_EQ(there.key.source(there.direction).port, ends.a_port);
    EXPECT_EQ(there.key.source(back.direction).address, IpAddress::parse(ends.b).value());
  }
}

TEST(FlowKey, DiffersInEachOfTheFive) {
  const Headers one = headers("10.0.0.1", 5000, "10.0.0.2", 443);
  const FlowKey key = flow_key(one).key;
  EXPECT_FALSE(key == flow_key(headers("10.0.0.3", 5000, "10.0.0.2", 443)).key);
  EXPECT_FALSE(key == flow_key(headers("10.0.0.1", 5000, "10.0.0.3", 443)).key);
  EXPECT_FALSE(key == flow_key(headers("10.0.0.1", 5001, "10.0.0.2", 443)).key);
  EXPECT_FALSE(key == flow_key(headers("10.0.0.1", 5000, "10.0.0.2", 444)).key);
  EXPECT_FALSE(key == flow_key(headers("10.0.0.1", 443, "10.0.0.2", 5000)).key) << "ports belong to their addresses";
  Headers udp = one;
  udp.ip_protocol = ip_protocol::udp;
  EXPECT_FALSE(key == flow_key(udp).key);
}

TEST(FlowKey, OfIpv4DiffersFromIpv6WithTheSameBytes) {
  Headers v4 = headers("10.0.0.1", 1, "10.0.0.2", 2);
  Headers v6 = v4;
  v6.source.version = v6.destination.version = IpVersion::v6;
  EXPECT_FALSE(flow_key(v4).key == flow_key(v6).key);
}

TEST(FlowKey, HashesDependOnEachBitAndOnTheSeed) {
  const FlowKey key = flow_key(headers("10.0.0.1", 5000, "10.0.0.2", 443)).key;
  const auto words = key.words();
  std::set<std::uint32_t> seen{hash(key, 1)};
  for (std::size_t word = 0; word < words.size(); ++word) {
    for (int bit = 0; bit < 64; ++bit) {
      auto changed = words;
      changed[word] ^= std::uint64_t{1} << bit;
      seen.insert(hash(std::bit_cast<FlowKey>(changed), 1));
    }
  }
  EXPECT_EQ(seen.size(), 1u + 5 * 64);
  EXPECT_NE(hash(key, 1), hash(key, 2));
}

// Addresses that undo a constant of the hash, were it there without the seed, must not make all others count for
// nothing.
TEST(FlowKey, NoAddressesMakeTheRestOfTheKeyCountForNothing) {
  std::vector<std::uint64_t> constants{0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x9e3779b97f4a7c15, 0x8ebc6af09c88c6e3};
  std::set<std::uint32_t> seen;
  for (const std::uint64_t low : constants) {
    for (const std::uint64_t high : constants) {
      for (std::uint64_t network = 0; network < 100; ++network) {
        const std::array<std::uint64_t, 5> words{network, low, network << 32, high, 0};
        seen.insert(hash(std::bit_cast<FlowKey>(words), 0x5eed));
      }
    }
  }
  EXPECT_EQ(seen.size(), 1600u);
}

TEST(FlowKey, HashesSpreadNeighboursEvenly) {
  std::array<int, 16> shares{};
  for (std::uint16_t port = 1024; port < 1024 + 16'000; ++port) {
    ++shares[hash(flow_key(headers("10.0.0.1", port, "10.0.0.2", 443)).key, 0) % 16];
  }
  for (const int count : shares) EXPECT_NEAR(count, 1000, 200);
}

TEST(FlowKey, TheOppositeOfTheOppositeIsTheSame) {
  EXPECT_EQ(opposite(Direction::low_to_high), Direction::high_to_low);
  EXPECT_EQ(opposite(opposite(Direction::low_to_high)), Direction::low_to_high);
}

TEST(Flow, FitsWithItsRecordIntoThreeCacheLines) {
  EXPECT_LE(sizeof(Flow) + sizeof(FlowRecord), 192u);
}

TEST(Flow, IsClosedByBothFinsOrOneReset) {
  Flow flow;
  flow.key.ip_protocol = ip_protocol::tcp;
  flow.tcp_flags = {tcp_flag::fin | tcp_flag::ack, tcp_flag::ack};
  EXPECT_FALSE(flow.closed_by_tcp());
  flow.tcp_flags[1] |= tcp_flag::fin;
  EXPECT_TRUE(flow.closed_by_tcp());
  flow.tcp_flags = {0, tcp_flag::rst};
  EXPECT_TRUE(flow.closed_by_tcp());
  flow.key.ip_protocol = ip_protocol::udp;
  EXPECT_FALSE(flow.closed_by_tcp());
}

TEST(Flow, StatesHaveTheNamesOfReports) {
  EXPECT_EQ(to_string(FlowState::opened), "new");
  EXPECT_EQ(to_string(FlowState::incomplete), "incomplete");
}

}  // namespace
}  // namespace netscope
