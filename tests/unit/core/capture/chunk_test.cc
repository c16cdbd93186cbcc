#include "netscope/capture/chunk.h"
#include "netscope/capture/packet_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <stdexcept>

#include "support/capture_writer.h"
#include "support/payloads.h"

namespace netscope::test {
namespace {

using Packets = std::vector<TimedPacket>;

// A capture in one chunk, read and dealt out.
struct Judged {
  explicit Judged(Buffer capture, Tunnels tunnels = Tunnels::look_through)
      : file(std::move(capture)), decoder(tunnels) {
    chunk.bytes = file;
    status = take_records(parser, chunk);
    decoder.decode(chunk);
  }
  const netscope::Packet& packet(std::size_t number) const {
    const RecordPlace& place = packet_place(number);
    return chunk.shares[place.share].packets.at(place.position);
  }
  // The place of the packet of this number, from 1.
  const RecordPlace& packet_place(std::size_t number) const {
    for (const RecordPlace& place : chunk.records) {
      if (place.kind == Record::Kind::packet && --number == 0) return place;
    }
    throw std::out_of_range("no such packet");
  }
  void drop(std::size_t number) {
    const RecordPlace& place = packet_place(number);
    chunk.shares[place.share].verdicts.at(place.position) = {.action = Action::drop};
  }
  Buffer output(OutputFormat format = OutputFormat::as_read, bool nanoseconds = false) {
    plan_output(chunk, format, nanoseconds, built, stretches);
    Buffer out;
    for (const Bytes stretch : stretches) out.insert(out.end(), stretch.begin(), stretch.end());
    return out;
  }
  Buffer file;
  CaptureParser parser;
  PacketDecoder decoder;
  Chunk chunk;
  ParseStatus status = ParseStatus::ok;
  std::vector<std::uint8_t> built;
  std::vector<Bytes> stretches;
};

Packets conversations(std::uint16_t count) {
  std::vector<Packets> all;
  for (std::uint16_t i = 0; i < count; ++i) {
    const Ends ends{.client_port = static_cast<std::uint16_t>(40000 + i)};
    all.push_back(TcpConversation(ends).handshake().client(client_hello("fine.example")).close().packets());
  }
  return merged(all);
}

TEST(Chunk, TakesWholeRecordsAndLeavesTheRest) {
  const Buffer file = pcap_file(conversations(1));
  Judged whole(file);
  EXPECT_EQ(whole.status, ParseStatus::need_more);
  EXPECT_EQ(whole.chunk.used, file.size());
  Judged cut(Buffer(file.begin(), file.end() - 1));
  EXPECT_EQ(cut.chunk.records.size(), whole.chunk.records.size() - 1);
  EXPECT_LT(cut.chunk.used, file.size() - 1);
}

TEST(Chunk, TakesTheLimitOfRecordsAndNotOneMore) {
  PcapWriter writer;
  const Buffer frame(20, 0);
  for (std::size_t i = 0; i < kChunkRecords; ++i) writer.add(kTestTime, frame);  // and the file's header
  Judged judged(writer.file());
  EXPECT_EQ(judged.status, ParseStatus::ok);
  EXPECT_EQ(judged.chunk.records.size(), kChunkRecords);
  EXPECT_EQ(judged.file.size() - judged.chunk.used, 16u + frame.size());
}

TEST(Chunk, NumbersPacketsAcrossChunks) {
  PcapngWriter writer;
  writer.section().interface({}).enhanced(0, kTestTime, Buffer(20, 0)).block(5, Buffer(8, 0));
  writer.enhanced(0, kTestTime, Buffer(20, 0));
  Judged judged(writer.file());
  EXPECT_EQ(judged.packet(1).number, 1u);
  EXPECT_EQ(judged.packet(2).number, 2u);
  Chunk next;
  next.bytes = judged.file;
  CaptureParser parser;
  take_records(parser, next);
  judged.decoder.decode(next);
  EXPECT_EQ(next.shares[0].packets.at(0).number, 3u);
}

// A connection of QUIC that moves to another port stays with the worker that knows it.
TEST(Chunk, DealsDatagramsOfQuicsPortByTheirAddresses) {
  const auto shares_of = [](std::uint16_t server_port) {
    std::vector<Packets> all;
    for (std::uint16_t i = 0; i < 100; ++i) {
      const Ends ends{.client_port = static_cast<std::uint16_t>(40000 + i), .server_port = server_port};
      all.push_back(UdpConversation(ends).client(noise(50)).server(noise(50)).packets());
    }
    const Judged judged(pcap_file(merged(all)));
    return std::ranges::count_if(judged.chunk.shares, [](const Share& share) { return !share.packets.empty(); });
  };
  EXPECT_EQ(shares_of(443), 1);
  EXPECT_EQ(shares_of(8443), static_cast<std::ptrdiff_t>(kShares));
}

TEST(Chunk, DealsAFlowsPacketsInTheirOrderToOneShare) {
  Judged judged(pcap_file(conversations(200)));
  std::size_t dealt = 0, used = 0;
  for (const Share& share : judged.chunk.shares) {
    EXPECT_EQ(share.packets.size(), share.verdicts.size());
    for (std::size_t i = 1; i < share.packets.size(); ++i) {
      EXPECT_LT(share.packets[i - 1].number, share.packets[i].number);
    }
    dealt += share.packets.size();
    used += share.packets.empty() ? 0 : 1;
  }
  EXPECT_EQ(dealt, 200u * 8);
  EXPECT_EQ(used, kShares);
  std::map<std::uint16_t, std::uint8_t> share_of_port;
  for (std::size_t number = 1; number <= dealt; ++number) {
    const FlowKey& key = judged.packet(number).key;
    const std::uint16_t port = std::max(key.low_port, key.high_port);
    EXPECT_EQ(share_of_port.try_emplace(port, judged.packet_place(number).share).first->second,
              judged.packet_place(number).share);
  }
}

TEST(Chunk, AnIcmpErrorGoesWhereItsFlowGoes) {
  for (std::uint16_t port = 1; port < 50; ++port) {
    const Packet sent = ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(port, 443);
    const Packet error = ethernet().ipv4("198.51.100.1", "192.168.1.20").icmp(3, 4).quoting(sent);
    Judged judged(pcap_file({{.at = kTestTime, .packet = sent}, {.at = kTestTime, .packet = error}}));
    EXPECT_EQ(judged.packet_place(1).share, judged.packet_place(2).share);
    EXPECT_EQ(judged.packet(2).kind, PacketKind::quoting);
  }
}

TEST(Chunk, FragmentsAreReassembledOnTheWay) {
  const Packet query =
      ethernet().ipv4("192.168.1.20", "203.0.113.9").udp(5000, 53).payload(dns_query("fragmented.example"));
  Packets packets;
  for (const Packet& piece : in_fragments(query, 16)) packets.push_back({.at = kTestTime, .packet = piece});
  ASSERT_EQ(packets.size(), 3u);
  std::swap(packets[0], packets[1]);
  Judged judged(pcap_file(packets));
  EXPECT_EQ(judged.packet(1).kind, PacketKind::fragment);
  EXPECT_EQ(judged.packet(2).kind, PacketKind::of_flow);
  EXPECT_TRUE(judged.packet(2).payload.empty());
  EXPECT_EQ(judged.packet(3).kind, PacketKind::of_flow);
  const Buffer expected = dns_query("fragmented.example");
  EXPECT_EQ(Buffer(judged.packet(3).payload.begin(), judged.packet(3).payload.end()), expected);
}

TEST(Chunk, TunnelledPacketsKnowTheirOuterEnds) {
  const Packet outside = ethernet().ipv4("192.168.1.20", "198.51.100.2").udp(40000, 4789).vxlan(1).ethernet();
  const Packets packets = TcpConversation({.link = outside}).handshake().packets();
  Judged open(pcap_file(packets));
  ASSERT_NE(open.packet(1).outer, nullptr);
  EXPECT_EQ(to_string(open.packet(1).outer->destination), "198.51.100.2");
  Judged closed(pcap_file(packets), Tunnels::opaque);
  EXPECT_EQ(closed.packet(1).outer, nullptr);
}

TEST(Chunk, ClearingKeepsNothing) {
  Judged judged(pcap_file(conversations(3)));
  judged.chunk.clear();
  EXPECT_TRUE(judged.chunk.records.empty());
  EXPECT_EQ(judged.chunk.used, 0u);
  for (const Share& share : judged.chunk.shares) EXPECT_TRUE(share.packets.empty() && share.verdicts.empty());
}

TEST(Output, OfACaptureInWhichNothingIsBlockedIsTheInput) {
  PcapngWriter ng;
  ng.section(std::endian::big).interface({.name = "a"}).block(5, Buffer(8, 0));
  for (const TimedPacket& packet : conversations(2)) ng.enhanced(packet);
  for (const Buffer& file :
       {pcap_file(conversations(5)), pcap_file(conversations(1), {.nanoseconds = true, .order = std::endian::big}),
        ng.file()}) {
    Judged judged(file);
    EXPECT_EQ(judged.output(), file);
    EXPECT_EQ(judged.stretches.size(), 1u);
  }
}

TEST(Output, LacksWhatWasBlockedAndNothingElse) {
  const Packets packets = conversations(1);
  Judged judged(pcap_file(packets));
  for (const std::size_t number : {1u, 4u, 5u, 8u}) judged.drop(number);
  EXPECT_EQ(judged.output(), pcap_file({packets[1], packets[2], packets[5], packets[6]}));
  EXPECT_EQ(judged.stretches.size(), 3u);
}

TEST(Output, WithEverythingBlockedKeepsTheHeaders) {
  PcapngWriter all, headers;
  for (PcapngWriter* writer : {&all, &headers}) writer->section().interface({.name = "eth0"});
  for (const TimedPacket& packet : conversations(1)) all.enhanced(packet);
  Judged judged(all.file());
  for (std::size_t number = 1; number <= 8; ++number) judged.drop(number);
  EXPECT_EQ(judged.output(), headers.file());
}

TEST(Output, LacksRecordsThatACaptureFilterLeftOut) {
  Judged judged(pcap_file(conversations(1)));
  judged.chunk.records.at(2).wanted = false;  // the header comes first
  for (Share& share : judged.chunk.shares) share.packets.clear();
  judged.decoder.decode(judged.chunk);
  Packets left = conversations(1);
  left.erase(left.begin() + 1);
  EXPECT_EQ(judged.output(), pcap_file(left));
}

TEST(Output, PcapngBecomesPcap) {
  PcapngWriter ng;
  ng.section().interface({.time_resolution = 9}).block(5, Buffer(8, 0));
  const Packets packets = conversations(1);
  for (const TimedPacket& packet : packets) ng.enhanced(packet);
  Judged judged(ng.file());
  for (const bool nanoseconds : {false, true}) {
    Buffer file = pcap_file_header(LinkType::ethernet, kFullSnapLength, nanoseconds);
    const Buffer records = judged.output(OutputFormat::pcap_records, nanoseconds);
    file.insert(file.end(), records.begin(), records.end());
    EXPECT_EQ(file, pcap_file(packets, {.nanoseconds = nanoseconds}));
  }
}

}  // namespace
}  // namespace netscope::test
