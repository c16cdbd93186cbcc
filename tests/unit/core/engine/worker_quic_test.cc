// Names of QUIC connections: however the hello is cut, shuffled, hidden among fakes or sent again, the verdict is the
// same; and what is blocked stays blocked in both directions.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "core/flow/flow.h"
#include "core/inspect/quic_connections.h"
#include "support/quic_packets.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

constexpr std::string_view kBlocked = "www.blocked.example", kAllowed = "www.allowed.example";

const HelloOptions kPostQuantum{.alpn = {"h3"}, .post_quantum = true};
const Buffer kServerId = {0xaa, 0xbb, 0xcc, 0xdd, 0x01, 0x02, 0x03, 0x04};

UdpConversation next_flow(std::uint16_t server_port = 443) {
  static std::uint16_t port = 1024;
  return UdpConversation({.client_port = ++port, .server_port = server_port});
}

Buffer quic_answer() {
  return join({quic_initial(ack_frame(0), {.keys_of = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08},
                                           .source = kServerId,
                                           .datagram_bytes = 0,
                                           .from_server = true}),
               quic_handshake({.destination = {}, .source = kServerId})});
}

// A client's hello in datagrams of which each carries some of the frames.
std::vector<Buffer> datagrams(const std::vector<Buffer>& frames, std::size_t frames_each,
                              QuicInitialOptions options = {}) {
  std::vector<Buffer> out;
  for (std::size_t at = 0; at < frames.size(); at += frames_each) {
    Buffer some;
    for (std::size_t i = at; i < std::min(at + frames_each, frames.size()); ++i) some = join({some, frames[i]});
    out.push_back(quic_initial(some, options));
    ++options.number;
  }
  return out;
}

bool blocks(Gateway& gateway, const std::vector<Buffer>& sent) {
  UdpConversation flow = next_flow();
  for (const Buffer& datagram : sent) flow.client(datagram);
  return gateway.judge(flow.packets()).back() == 'D';
}

Event only_flow(Worker& worker) {
  worker.finish();
  const std::vector<Event> events = worker.take_events();
  return events.empty() ? Event{} : events.back();
}

TEST(QuicFlow, IsBlockedInBothDirectionsFromTheDecidingPacketOn) {
  Gateway gateway(kBlockedDomain);
  UdpConversation flow = next_flow();
  flow.client(quic_hello(kBlocked)).server(quic_answer()).client(quic_short()).server(quic_short());
  EXPECT_EQ(gateway.judge(flow.packets()), "DDDD");
  UdpConversation other = next_flow();
  other.client(quic_hello(kAllowed)).server(quic_answer()).client(quic_short()).server(quic_short());
  EXPECT_EQ(gateway.judge(other.packets()), "AAAA");
}

// Up to the point where it leaves for the kernel.
UdpConversation released_flow() {
  UdpConversation flow = next_flow();
  flow.client(quic_hello(kAllowed)).server(quic_answer()).client(quic_short()).server(quic_short());
  return flow;
}

Packets behind(const UdpConversation& flow, const std::vector<Buffer>& more) {
  UdpConversation all = flow;
  for (const Buffer& datagram : more) all.client(datagram);
  Packets packets = all.packets();
  packets.erase(packets.begin(), packets.begin() + static_cast<std::ptrdiff_t>(flow.packets().size()));
  return packets;
}

TEST(QuicFlow, AnotherConnectionOnItsPortsIsJudgedAnew) {
  const QuicInitialOptions under_another_id{.destination = Buffer(8, 0x77)};
  std::vector<Buffer> pieces =
      datagrams(crypto_frames(client_hello_message(kBlocked, kPostQuantum), 900), 1, under_another_id);
  const std::vector<Buffer> whole{quic_hello(kBlocked, under_another_id)};
  std::vector<Buffer> reversed = pieces;
  std::ranges::reverse(reversed);
  for (const std::vector<Buffer>& second : {whole, pieces, reversed}) {
    Gateway gateway(kBlockedDomain);
    const UdpConversation first = released_flow();
    EXPECT_EQ(gateway.released(first.packets()), "..FF");
    EXPECT_EQ(gateway.judge(behind(first, second)).back(), 'D');
    EXPECT_EQ(gateway.judge(behind(first, {quic_short()})), "D");
    EXPECT_EQ(gateway.finished().flows_total, 2u);
  }
  Gateway gateway(kBlockedDomain);
  const UdpConversation first = released_flow();
  gateway.judge(first.packets());
  EXPECT_EQ(gateway.anew(behind(first, {pieces[0], pieces[1]})), "N.") << "the kernel forgets the one before";
}

TEST(QuicFlow, ItsOwnInitialSaidAgainIsNoOtherConnection) {
  Gateway gateway(kBlockedDomain);
  const UdpConversation first = released_flow();
  gateway.judge(first.packets());
  const Buffer of_unknown_keys = quic_initial(ping_frame(), {.keys_of = Buffer(8, 0x11)});
  EXPECT_EQ(gateway.released(behind(first, {quic_hello(kAllowed), of_unknown_keys, noise(1300, 8)})), "FFF");
  EXPECT_EQ(gateway.finished().flows_total, 1u);
}

TEST(QuicFlow, AHelloThatWasBegunIsWaitedForBehindAnotherOne) {
  const QuicInitialOptions under_another_id{.destination = Buffer(8, 0x77)};
  const std::vector<Buffer> pieces =
      datagrams(crypto_frames(client_hello_message(kBlocked, kPostQuantum), 900), 1, under_another_id);
  Gateway gateway(kBlockedDomain);
  UdpConversation flow = next_flow();
  flow.client(pieces[1]).client(quic_hello(kAllowed)).server(quic_answer()).client(quic_short()).server(quic_short());
  EXPECT_EQ(gateway.released(flow.packets()), ".....");
  EXPECT_EQ(gateway.judge(behind(flow, {pieces[0]})), "D");
}

TEST(QuicFlow, IsReadOnAnyPort) {
  Gateway gateway(kBlockedDomain);
  for (const std::uint16_t port : std::to_array<std::uint16_t>({53, 80, 784, 5353, 8443, 50000})) {
    UdpConversation flow = next_flow(port);
    flow.client(quic_hello(kBlocked)).client(quic_short());
    EXPECT_EQ(gateway.judge(flow.packets()), "DD") << port;
  }
}

TEST(QuicFlow, OfEachVersionShowsItsName) {
  for (const std::uint32_t version : {kQuicVersion1, kQuicVersion2, kQuicDraft29}) {
    Gateway gateway(kBlockedDomain);
    EXPECT_TRUE(blocks(gateway, {quic_hello(kBlocked, {.version = version})})) << version;
  }
  Gateway gateway(kBlockedDomain);
  EXPECT_TRUE(blocks(gateway, {google_q043(kBlocked)}));
  EXPECT_TRUE(blocks(gateway, {google_q046(kBlocked)}));
  EXPECT_TRUE(blocks(gateway, {quic_initial(crypto_frame(0, google_chlo(kBlocked)), {.version = kQ050})}));
}

TEST(QuicFlow, OfAVersionThatNobodyKnowsShowsItsNameUnderKeysThatWeKnow) {
  const std::vector<Buffer> frames = crypto_frames(client_hello_message(kBlocked, kPostQuantum), 900);
  for (const std::uint32_t like : {kQuicVersion1, kQuicVersion2, kQuicDraft23}) {
    Gateway gateway(kBlockedDomain);
    EXPECT_TRUE(blocks(gateway, {quic_hello(kBlocked, {.version = 0xd4000400, .like = like})})) << like;
    EXPECT_TRUE(blocks(gateway, datagrams(frames, 1, {.version = 0xd4000400, .like = like}))) << like;
    EXPECT_FALSE(blocks(gateway, {quic_hello(kAllowed, {.version = 0xd4000400, .like = like})})) << like;
    EXPECT_FALSE(blocks(gateway, {quic_hello(kBlocked, {.version = 0x1a2a3a4a, .like = like})})) << like;
  }
}

TEST(QuicFlow, OfAnUnknownVersionIsClaimedOnlyWithEvidence) {
  Gateway gateway("", {.flow_capacity = 8, .recording = {.flows = true}});
  UdpConversation flow = next_flow();
  Buffer broken = quic_hello(kAllowed, {.version = 0xd4000400, .like = kQuicVersion1});
  broken[1000] ^= 1;
  gateway.judge(flow.client(broken).server(quic_short()).client(quic_short()).packets());
  EXPECT_EQ(only_flow(gateway.worker()).protocol, Protocol::unknown);
}

TEST(QuicFlow, TellsProtocolNameAlpnAndVersion) {
  Gateway gateway("", {.flow_capacity = 8, .recording = {.flows = true}});
  UdpConversation flow = next_flow();
  flow.client(quic_hello(kAllowed, {.version = kQuicVersion2}, {.alpn = {"h3"}}));
  gateway.judge(flow.server(quic_answer()).client(quic_short()).packets());
  const Event event = only_flow(gateway.worker());
  EXPECT_EQ(event.protocol, Protocol::quic);
  ASSERT_EQ(event.shown.names.size(), 1u);
  EXPECT_EQ(event.shown.names[0].name, kAllowed);
  EXPECT_EQ(event.shown.names[0].protocol, Protocol::quic);
  EXPECT_EQ(event.shown.hello.alpn, "h3");
  EXPECT_EQ(event.shown.hello.quic_version, kQuicVersion2);
  EXPECT_EQ(gateway.statistics().messages[static_cast<std::size_t>(Protocol::quic)], 1u);
}

TEST(QuicFlow, IsKnownToRulesByProtocolBeforeItsNameIs) {
  Gateway gateway(dropping("proto = ['quic']"));
  const auto sent = datagrams(crypto_frames(client_hello_message(kAllowed, kPostQuantum), 700), 1);
  UdpConversation flow = next_flow();
  for (const Buffer& datagram : sent) flow.client(datagram);
  EXPECT_EQ(gateway.judge(flow.packets()), std::string(sent.size(), 'D'));
}

TEST(QuicHello, InAnyNumberOfFramesAndDatagramsInAnyOrderIsRead) {
  Gateway gateway(kBlockedDomain);
  std::mt19937 random(9);
  const Buffer message = client_hello_message(kBlocked, kPostQuantum);
  ASSERT_GT(message.size(), 1500u);
  for (const std::size_t frame_bytes : {37u, 250u, 600u, 900u}) {
    for (const std::size_t each : {1u, 2u}) {
      for (int round = 0; round < 10; ++round) {
        std::vector<Buffer> frames = crypto_frames(message, frame_bytes);
        std::shuffle(frames.begin(), frames.end(), random);
        EXPECT_TRUE(blocks(gateway, datagrams(frames, frame_bytes > 600 ? 1 : each))) << frame_bytes << " " << round;
      }
    }
  }
}

TEST(QuicHello, AmongOtherFramesAndPacketsIsRead) {
  Gateway gateway(kBlockedDomain);
  const Buffer message = client_hello_message(kBlocked);
  const Buffer frames = join({ping_frame(), padding_frames(7), crypto_frame(100, Bytes(message).subspan(100)),
                              ack_frame(5, 2), crypto_frame(0, Bytes(message).first(100)), ping_frame()});
  EXPECT_TRUE(blocks(gateway, {quic_initial(frames)}));
  const Buffer initial = quic_initial(frames, {.datagram_bytes = 0});
  EXPECT_TRUE(blocks(gateway, {join({quic_zero_rtt(), initial})}));
  EXPECT_TRUE(blocks(gateway, {join({initial, quic_handshake(), quic_short()})}));
}

TEST(QuicHello, RepeatedAndOverlappingIsRead) {
  Gateway gateway(kBlockedDomain);
  const Buffer message = client_hello_message(kBlocked);
  const Bytes all(message);
  const auto half = crypto_frame(0, all.first(150));
  EXPECT_TRUE(blocks(gateway, {quic_initial(half), quic_initial(half, {.number = 1}),
                               quic_initial(crypto_frame(90, all.subspan(90)), {.number = 2})}));
}

TEST(QuicHello, OfOneByteAFrameIsRead) {
  Gateway gateway(kBlockedDomain);
  const auto frames = crypto_frames(client_hello_message(kBlocked), 1);
  EXPECT_TRUE(blocks(gateway, datagrams(frames, 200)));
}

TEST(QuicHello, WithTwoReadingsIsBlockedByEither) {
  const Buffer blocked = client_hello_message(kBlocked), allowed = client_hello_message(kAllowed);
  for (const auto& [first, second] : {std::pair(blocked, allowed), std::pair(allowed, blocked)}) {
    Gateway gateway(kBlockedDomain);
    const auto sent = {quic_initial(crypto_frame(40, Bytes(first).subspan(40))),
                       quic_initial(crypto_frame(40, Bytes(second).subspan(40)), {.number = 1}),
                       quic_initial(crypto_frame(0, Bytes(first).first(40)), {.number = 2})};
    EXPECT_TRUE(blocks(gateway, sent));
    Gateway whole(kBlockedDomain);
    EXPECT_TRUE(blocks(whole, {quic_initial(crypto_frame(0, first)), quic_initial(crypto_frame(0, second))}));
  }
}

TEST(QuicFake, ThatDoesNotAuthenticateChangesNothing) {
  Gateway gateway(kBlockedDomain);
  Buffer broken = quic_hello(kAllowed);
  broken[600] ^= 1;
  EXPECT_TRUE(blocks(gateway, {broken, broken, quic_hello(kBlocked)}));
  Gateway other(kBlockedDomain);
  Buffer fake = quic_hello(kBlocked);
  fake[600] ^= 1;
  UdpConversation flow = next_flow();
  flow.client(fake).client(quic_hello(kAllowed)).server(quic_answer()).client(quic_short()).server(quic_short());
  EXPECT_EQ(other.judge(flow.packets()), "AAAAA");
}

TEST(QuicFake, OfAnyContentBeforeTheTruthHidesNothing) {
  Gateway gateway(kBlockedDomain);
  for (const Buffer& fake : {noise(1200, 3), noise(10, 4), dns_query("a.example"), quic_short(), Buffer(1200),
                             quic_hello(kAllowed, {.destination = noise(8, 6)}), quic_handshake()}) {
    EXPECT_TRUE(blocks(gateway, {fake, quic_hello(kBlocked)}));
  }
}

TEST(QuicFake, ThatTheServerAnsweredHidesNothing) {
  Buffer unknown_version = quic_hello(kAllowed);
  unknown_version[1] = unknown_version[2] = unknown_version[3] = unknown_version[4] = 0x1a;
  const Buffer sealed_otherwise = quic_initial(ping_frame(), {.keys_of = noise(8, 7)});
  for (const Buffer& fake : {noise(1200, 3), quic_short(), unknown_version, sealed_otherwise}) {
    Gateway gateway(kBlockedDomain);
    UdpConversation flow = next_flow();
    for (int i = 0; i < 50; ++i) flow.client(fake).server(noise(16, 8));
    const std::string verdicts = gateway.judge(flow.client(quic_hello(kBlocked)).packets());
    EXPECT_EQ(verdicts, std::string(100, 'A') + "D");
  }
}

TEST(QuicFake, UnderOtherConnectionIdsHidesNothing) {
  Gateway gateway(kBlockedDomain);
  const auto truth = datagrams(crypto_frames(client_hello_message(kBlocked), 200), 1);
  std::vector<Buffer> sent{truth[0]};
  for (std::uint64_t i = 0; i < kMaxQuicConnections - 1; ++i) {
    sent.push_back(quic_hello(kAllowed, {.destination = noise(8, 100 + i)}));
  }
  sent.insert(sent.end(), truth.begin() + 1, truth.end());
  EXPECT_TRUE(blocks(gateway, sent));
  // One more than is kept apart pushes out one whose hello was read, and not the one that is waited for.
  sent.insert(sent.begin() + 1, quic_hello(kAllowed, {.destination = noise(8, 99)}));
  EXPECT_TRUE(blocks(gateway, sent));
}

// The part with the name comes last.
TEST(QuicConnection, IsFollowedToTheIdThatTheServerChose) {
  Gateway gateway(kBlockedDomain);
  const Buffer message = client_hello_message(kBlocked, kPostQuantum);
  const QuicInitialOptions first;
  UdpConversation flow = next_flow();
  flow.client(quic_initial(crypto_frame(1000, Bytes(message).subspan(1000))));
  flow.server(quic_initial(ack_frame(0), {.source = kServerId, .from_server = true}));
  flow.client(quic_initial(crypto_frame(0, Bytes(message).first(1000)),
                           {.destination = kServerId, .keys_of = first.destination}));
  EXPECT_EQ(gateway.judge(flow.packets()), "AAD");
}

TEST(QuicConnection, IsReadAnewAfterARetry) {
  Gateway gateway(kBlockedDomain);
  const Buffer message = client_hello_message(kBlocked, kPostQuantum);
  const Buffer begin = crypto_frame(0, Bytes(message).first(1000)),
               end = crypto_frame(1000, Bytes(message).subspan(1000));
  UdpConversation flow = next_flow();
  flow.client(quic_initial(end)).server(quic_retry({.source = kServerId, .token = noise(40)}));
  const QuicInitialOptions again{.destination = kServerId, .token = noise(40), .number = 1};
  flow.client(quic_initial(end, again)).client(quic_initial(begin, again));
  EXPECT_EQ(gateway.judge(flow.packets()), "AAAD");
}

TEST(QuicConnection, IsReadAfterAVersionNegotiation) {
  Gateway gateway(kBlockedDomain);
  Buffer unknown = quic_hello(kBlocked);
  unknown[1] = unknown[2] = unknown[3] = unknown[4] = 0x1a;
  UdpConversation flow = next_flow();
  flow.client(unknown)
      .server(quic_version_negotiation({0x0a0a0a0a, kQuicVersion2}))
      .client(quic_hello(kBlocked, {.version = kQuicVersion2}));
  EXPECT_EQ(gateway.judge(flow.packets()), "AAD");
}

TEST(QuicConnection, IsReadAgainAfterAHelloRetryRequest) {
  Gateway gateway(kBlockedDomain);
  const Buffer first = client_hello_message(kAllowed), second = client_hello_message(kBlocked);
  UdpConversation flow = next_flow();
  flow.client(quic_initial(crypto_frame(0, first)));
  flow.server(quic_initial(crypto_frame(0, noise(90)), {.source = kServerId, .from_server = true}));
  flow.client(quic_initial(crypto_frame(first.size(), second), {.number = 1}));
  EXPECT_EQ(gateway.judge(flow.packets()), "AAD");
}

TEST(QuicFlow, LeavesOnlyWhenTheHandshakeWentOn) {
  Gateway gateway(kBlockedDomain);
  UdpConversation flow = next_flow();
  flow.client(quic_hello(kAllowed))
      .server(quic_answer())
      .server(quic_short())
      .client(quic_short())
      .server(quic_short());
  EXPECT_EQ(gateway.released(flow.packets()), "...FF");
}

TEST(QuicFlow, WhoseHelloDoesNotCompleteIsIncomplete) {
  const Buffer message = client_hello_message(kAllowed, kPostQuantum);
  Gateway gateway("");
  UdpConversation flow = next_flow();
  gateway.judge(flow.client(quic_initial(crypto_frame(1000, Bytes(message).subspan(1000)))).packets());
  EXPECT_EQ(flows_in(gateway.finished(), FlowState::incomplete), 1u);
  Gateway other("");
  UdpConversation whole = next_flow();
  other.judge(whole.client(quic_hello(kAllowed)).packets());
  EXPECT_EQ(flows_in(other.finished(), FlowState::incomplete), 0u);
}

TEST(QuicFlow, IsClaimedOnlyWithEvidence) {
  Gateway gateway("", {.flow_capacity = 8, .recording = {.flows = true}});
  UdpConversation flow = next_flow();
  Buffer broken = quic_hello(kAllowed);
  broken[1000] ^= 1;
  gateway.judge(flow.client(broken).server(quic_handshake()).client(quic_short()).packets());
  EXPECT_EQ(only_flow(gateway.worker()).protocol, Protocol::unknown);
}

// What a hostile flow costs at most: datagrams that are decrypted, bytes that are kept.
TEST(QuicLimits, GiveUpAHelloThatNeverCompletes) {
  Gateway gateway(kBlockedDomain);
  const Buffer part = crypto_frame(0, Bytes(client_hello_message(kBlocked)).first(20));
  UdpConversation flow = next_flow();
  for (std::uint32_t i = 0; i < kMaxQuicDatagrams; ++i) {
    flow.client(quic_initial(part, {.number = i, .datagram_bytes = 0}));
  }
  const std::string released = gateway.released(flow.packets());
  EXPECT_EQ(released.find('F'), std::string::npos) << "nobody judged it";
  EXPECT_EQ(gateway.statistics().given_up, 1u);
  EXPECT_EQ(gateway.worker().flow_count(), 1u);
  EXPECT_EQ(flows_in(gateway.finished(), FlowState::incomplete), 1u);
}

TEST(QuicLimits, KeepAFlowsMemoryBounded) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 64, .inspection_bytes = 64u << 20});
  UdpConversation flow = next_flow();
  for (std::uint64_t id = 0; id < 3 * kMaxQuicConnections; ++id) {
    for (std::uint64_t at = 1000; at < 2 * kMaxPrefix; at += 1000) {
      flow.client(quic_initial(crypto_frame(at, noise(1100, id * 100 + at)), {.destination = noise(8, 500 + id)}));
    }
  }
  gateway.judge(flow.packets());
  // Two readings of each, and what vectors keep in reserve.
  EXPECT_LT(gateway.finished().flow_memory, 4 * kMaxQuicConnections * kMaxPrefix);
}

TEST(QuicLimits, GiveUpTheOldestWhenMemoryIsShort) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 64, .inspection_bytes = 64u << 10});
  const Buffer part = crypto_frame(100, noise(1000));
  for (int i = 0; i < 60; ++i) gateway.judge(next_flow().client(quic_initial(part)).packets());
  EXPECT_GT(gateway.statistics().given_up, 0u);
  EXPECT_LE(gateway.finished().flow_memory, (64u << 10) + 64 * (sizeof(Flow) + sizeof(FlowRecord)));
}

TEST(PostQuantumHello, OverTcpInTwoToEightSegmentsInAnyOrderGivesTheSameVerdict) {
  Gateway gateway(kBlockedDomain);
  std::mt19937 random(11);
  std::uint16_t port = 30000;
  for (const std::size_t record_bytes : {0u, 400u}) {
    const Buffer hello = client_hello(kBlocked, {.post_quantum = true, .record_bytes = record_bytes});
    ASSERT_GT(hello.size(), 1500u);
    for (std::size_t count = 2; count <= 8; ++count) {
      std::vector<std::size_t> order(count);
      for (std::size_t i = 0; i < count; ++i) order[i] = i;
      const std::size_t size = (hello.size() + count - 1) / count;
      for (int round = 0; round < 20; ++round) {
        TcpConversation web = connected(++port);
        for (const std::size_t i : order) {
          const std::size_t at = i * size;
          web.client_at(static_cast<std::uint32_t>(at), Bytes(hello).subspan(at, std::min(size, hello.size() - at)));
        }
        EXPECT_EQ(gateway.judge(web.packets()).back(), 'D') << count << " " << round;
        std::shuffle(order.begin(), order.end(), random);
      }
    }
  }
}

}  // namespace
}  // namespace netscope::test
