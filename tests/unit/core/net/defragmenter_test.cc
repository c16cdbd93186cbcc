#include "netscope/net/defragmenter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/conversation.h"
#include "support/payloads.h"

namespace netscope::test {
namespace {

using Outcome = Defragmenter::Outcome;
using std::chrono::seconds;

// The defragmenter, and the packet that it made of the last fragment.
struct Fixture {
  Outcome add(const Packet& packet, Time now = kTestTime) {
    frame = packet.bytes();
    headers = decode_ip(frame, Tunnels::look_through);
    EXPECT_TRUE(headers.fragment.present);
    return defragmenter.add(headers, now, datagram);
  }
  Defragmenter defragmenter;
  Headers headers;
  Buffer frame;
  std::vector<std::uint8_t> datagram;
};

const Packet kIpv4 = raw().ipv4("192.168.1.20", "203.0.113.9");
const Packet kIpv6 = raw().ipv6("2001:db8::20", "2001:db8::9");

// A UDP query of 72 bytes with its header.
Packet query(const Packet& road) {
  return road.udp(5000, 53).payload(Buffer(64, 'q'));
}

Packet piece(std::uint32_t number, std::uint16_t offset, bool more, std::string_view text) {
  const Packet of = more ? kIpv4.middle_fragment(number, offset) : kIpv4.last_fragment(number, offset);
  return of.announcing(17).payload(text);
}

TEST(Defragmenter, PutsPiecesTogetherInAnyOrder) {
  for (const Packet& road : {kIpv4, kIpv6}) {
    const std::vector<Packet> pieces = in_fragments(query(road), 24);
    ASSERT_EQ(pieces.size(), 3u);
    std::vector<std::size_t> order{0, 1, 2};
    do {
      Fixture f;
      EXPECT_NE(f.add(pieces[order[0]]), Outcome::complete);
      EXPECT_NE(f.add(pieces[order[1]]), Outcome::complete);
      ASSERT_EQ(f.add(pieces[order[2]]), Outcome::complete);
      EXPECT_EQ(f.headers.status, HeaderStatus::ok);
      EXPECT_EQ(f.headers.source_port, 5000);
      EXPECT_EQ(f.headers.destination_port, 53);
      EXPECT_EQ(as_text(f.headers.payload), std::string(64, 'q'));
      EXPECT_FALSE(f.headers.fragment.present);
      EXPECT_EQ(f.defragmenter.pending(), 0u);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(Defragmenter, KnowsTheFlowOnceTheFirstFragmentIsThere) {
  const std::vector<Packet> pieces = in_fragments(query(kIpv4), 24);
  Fixture f;
  EXPECT_EQ(f.add(pieces[1]), Outcome::pending);
  EXPECT_EQ(f.add(pieces[0]), Outcome::of_flow);
  EXPECT_EQ(f.headers.destination_port, 53);
  EXPECT_TRUE(f.headers.payload.empty());
}

TEST(Defragmenter, KeepsDatagramsApart) {
  const std::vector<Packet> one = in_fragments(query(kIpv4), 40, 1);
  const std::vector<Packet> two = in_fragments(query(kIpv4), 40, 2);
  const std::vector<Packet> back = in_fragments(query(kIpv4.reversed()), 40, 1);
  Fixture f;
  f.add(one[0]);
  EXPECT_NE(f.add(two[1]), Outcome::complete);
  EXPECT_NE(f.add(back[1]), Outcome::complete);
  EXPECT_EQ(f.defragmenter.pending(), 3u);
  EXPECT_EQ(f.add(one[1]), Outcome::complete);
}

TEST(Defragmenter, ARepeatedPieceIsNoContradiction) {
  const std::vector<Packet> pieces = in_fragments(query(kIpv4), 24);
  Fixture f;
  f.add(pieces[0]);
  EXPECT_EQ(f.add(pieces[0]), Outcome::of_flow);
  f.add(pieces[1]);
  EXPECT_EQ(f.add(pieces[2]), Outcome::complete);
}

TEST(Defragmenter, AnOverlapGivesTheWholeDatagramUp) {
  Fixture f;
  f.add(in_fragments(query(kIpv4), 24, 7)[0]);
  EXPECT_EQ(f.add(piece(7, 16, true, "12345678")), Outcome::overlapping) << "other bytes";
  EXPECT_EQ(f.add(in_fragments(query(kIpv4), 24, 7)[1]), Outcome::overlapping) << "and what follows with it";
  Fixture g;
  g.add(piece(8, 8, true, "bbbbbbbb"));
  EXPECT_EQ(g.add(piece(8, 0, true, "aaaaaaaabbbbbbbbcccccccc")), Outcome::overlapping) << "reaching around";
}

TEST(Defragmenter, TwoDifferentEndsContradictEachOther) {
  Fixture f;
  f.add(piece(7, 64, false, "end"));
  EXPECT_EQ(f.add(piece(7, 72, false, "end")), Outcome::overlapping);
}

TEST(Defragmenter, DataBehindTheEndIsAContradiction) {
  Fixture f;
  f.add(piece(7, 64, false, "12345678"));
  EXPECT_EQ(f.add(piece(7, 72, true, "12345678")), Outcome::overlapping);
  Fixture g;
  g.add(piece(7, 72, true, "12345678"));
  EXPECT_EQ(g.add(piece(7, 64, false, "12345678")), Outcome::overlapping);
}

TEST(Defragmenter, TimesOutWhereLinuxDoes) {
  const std::vector<Packet> pieces = in_fragments(query(kIpv4), 40);
  Fixture in_time;
  in_time.add(pieces[0]);
  EXPECT_EQ(in_time.add(pieces[1], kTestTime + Defragmenter::kTimeout - Duration{1}), Outcome::complete);
  Fixture late;
  late.add(pieces[0]);
  EXPECT_EQ(late.add(pieces[1], kTestTime + Defragmenter::kTimeout), Outcome::pending);
}

TEST(Defragmenter, HoldsTheLimitOfDatagramsAndForOneMoreGivesUpTheOldest) {
  Fixture f;
  for (std::uint32_t i = 0; i < Defragmenter::kMaxDatagrams; ++i) {
    f.add(in_fragments(query(kIpv4), 40, i)[0], kTestTime + Duration{i});
  }
  EXPECT_EQ(f.defragmenter.pending(), Defragmenter::kMaxDatagrams);
  f.add(in_fragments(query(kIpv4), 40, 5000)[0], kTestTime + Duration{5000});
  EXPECT_EQ(f.defragmenter.pending(), Defragmenter::kMaxDatagrams);
  EXPECT_EQ(f.add(in_fragments(query(kIpv4), 40, 1)[1], kTestTime + Duration{5001}), Outcome::complete);
  EXPECT_EQ(f.add(in_fragments(query(kIpv4), 40, 0)[1], kTestTime + Duration{5002}), Outcome::forgotten);
}

TEST(Defragmenter, PutsTogetherAsManyPiecesAsADatagramMayHave) {
  const std::vector<Packet> pieces = in_fragments(kIpv4.udp(5000, 53).payload(Buffer(60'000, 'q')), 8);
  Fixture f;
  for (std::size_t i = 0; i < pieces.size(); i += 2) EXPECT_EQ(f.add(pieces[i]), Outcome::of_flow);  // a hole each
  for (std::size_t i = 1; i < pieces.size() - 2; i += 2) EXPECT_EQ(f.add(pieces[i]), Outcome::of_flow);
  EXPECT_EQ(f.add(pieces[pieces.size() - 1 - pieces.size() % 2]), Outcome::complete);
  EXPECT_EQ(f.headers.payload.size(), 60'000u);
}

TEST(Defragmenter, WhatGaveWayDoesNotComeBackAsAStranger) {
  Fixture f;
  f.add(in_fragments(query(kIpv4), 40, 1)[0]);
  const Buffer much(60'000, 'x');
  std::size_t most = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    f.add(kIpv4.middle_fragment(1000 + i, 0).announcing(17).payload(much), kTestTime + Duration{i + 1});
    most = std::max(most, f.defragmenter.pending());
  }
  EXPECT_LT(most * much.size(), Defragmenter::kMaxBytes + 2 * much.size()) << "memory is bounded by bytes";
  const Packet rest = in_fragments(query(kIpv4), 40, 1)[1];
  EXPECT_EQ(f.add(rest, kTestTime + seconds{1}), Outcome::forgotten);
  EXPECT_EQ(f.add(rest, kTestTime + seconds{29}), Outcome::forgotten);
  EXPECT_EQ(f.add(rest, kTestTime + seconds{61}), Outcome::pending) << "no receiver has kept the first";
  EXPECT_EQ(f.add(in_fragments(query(kIpv4), 40, 2)[0], kTestTime + seconds{61}), Outcome::of_flow);
}

TEST(Defragmenter, HoldsTheLargestDatagramAndNotOneByteMore) {
  Fixture f;
  EXPECT_EQ(f.add(piece(7, 65528, false, "1234567")), Outcome::pending);
  EXPECT_EQ(f.add(piece(8, 65528, false, "12345678")), Outcome::too_large);
}

TEST(Defragmenter, ManyPiecesInOrderAreOne) {
  const std::vector<Packet> pieces = in_fragments(kIpv4.udp(5000, 53).payload(Buffer(4000, 'q')), 8);
  Fixture f;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) EXPECT_EQ(f.add(pieces[i]), Outcome::of_flow);
  EXPECT_EQ(f.add(pieces.back()), Outcome::complete);
}

TEST(Defragmenter, AFragmentThatTheCaptureCutOffLeavesAHole) {
  const std::vector<Packet> pieces = in_fragments(query(kIpv4), 24);
  Fixture f;
  f.add(pieces[0].cut_to(20 + 16));
  f.add(pieces[1]);
  EXPECT_EQ(f.add(pieces[2]), Outcome::of_flow);
}

TEST(Defragmenter, ADatagramWithBrokenInsidesIsCompleteAndMalformed) {
  const Packet first = kIpv4.first_fragment(9).announcing(17).payload(Buffer{0x13, 0x88, 0, 53, 0xff, 0, 0, 0});
  Fixture g;
  g.add(first);
  ASSERT_EQ(g.add(piece(9, 8, false, "tail")), Outcome::complete);
  EXPECT_EQ(g.headers.status, HeaderStatus::malformed);
}

}  // namespace
}  // namespace netscope::test
