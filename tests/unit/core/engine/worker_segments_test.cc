// However a hello is cut, delayed or doubled, the verdict is the same; however packets are dealt out, too.

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "support/http2_frames.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

const Buffer kOtherHello = client_hello("xyz.allowed.example");  // of the same size

// Whether the gateway let a segment pass that completes what the server can read.
bool blocks(Gateway& gateway, const TcpConversation& conversation) {
  const std::string verdicts = gateway.judge(conversation.packets());
  return verdicts.back() == 'D';
}

// A conversation of which each has its own port.
TcpConversation next_connection() {
  static std::uint16_t port = 1024;
  return connected(++port);
}

TEST(Segments, CutAtAnyPositionGiveTheSameVerdict) {
  Gateway gateway(kBlockedDomain);
  for (std::size_t cut = 1; cut < kBlockedHello.size(); ++cut) {
    const Bytes hello(kBlockedHello);
    TcpConversation in_order = next_connection();
    in_order.client_at(0, hello.first(cut)).client_at(static_cast<std::uint32_t>(cut), hello.subspan(cut));
    EXPECT_TRUE(blocks(gateway, in_order)) << cut;
    TcpConversation reversed = next_connection();
    reversed.client_at(static_cast<std::uint32_t>(cut), hello.subspan(cut)).client_at(0, hello.first(cut));
    EXPECT_TRUE(blocks(gateway, reversed)) << cut;
  }
}

TEST(Segments, OfAnySizeInAnyOrderGiveTheSameVerdict) {
  Gateway gateway(kBlockedDomain);
  for (const std::size_t size : {1u, 2u, 3u, 7u, 50u, 100u}) {
    EXPECT_TRUE(blocks(gateway, next_connection().client_in_pieces(kBlockedHello, size))) << size;
    EXPECT_TRUE(blocks(gateway, next_connection().client_reversed(kBlockedHello, size))) << size;
  }
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::uint32_t> offsets;
    for (std::uint32_t at = 0; at < kBlockedHello.size(); at += 16) offsets.push_back(at);
    std::shuffle(offsets.begin(), offsets.end(), random);
    TcpConversation shuffled = next_connection();
    for (const std::uint32_t at : offsets) {
      shuffled.client_at(at, Bytes(kBlockedHello).subspan(at, std::min<std::size_t>(16, kBlockedHello.size() - at)));
    }
    EXPECT_TRUE(blocks(gateway, shuffled)) << round;
  }
}

TEST(Segments, AcrossTlsRecordsGiveTheSameVerdict) {
  Gateway gateway(kBlockedDomain);
  for (const std::size_t record : {1u, 5u, 64u}) {
    const Buffer hello = client_hello("www.blocked.example", {.record_bytes = record});
    EXPECT_TRUE(blocks(gateway, next_connection().client(hello))) << record;
    EXPECT_TRUE(blocks(gateway, next_connection().client_reversed(hello, 100))) << record;
  }
}

// A connection that was under way when the first packet was seen: where it began is a guess.
TEST(Segments, ThatChangedPlacesWithoutAHandshakeGiveTheSameVerdict) {
  Gateway gateway(kBlockedDomain);
  std::uint16_t port = 40000;
  const auto unseen = [&] { return TcpConversation({.client_port = ++port}); };
  for (std::size_t cut = 1; cut < kBlockedHello.size(); ++cut) {
    const Bytes hello(kBlockedHello);
    TcpConversation swapped = unseen();
    swapped.client_at(static_cast<std::uint32_t>(cut), hello.subspan(cut)).client_at(0, hello.first(cut));
    EXPECT_TRUE(blocks(gateway, swapped)) << cut;
  }
  EXPECT_TRUE(blocks(gateway, unseen().client_reversed(kBlockedHello, 50)));
  const Buffer first = http_request("GET", "/", "www.blocked.example"), second = http_request("GET", "/", "a.example");
  TcpConversation requests = unseen();
  requests.client_at(static_cast<std::uint32_t>(first.size()), second).client_at(0, first);
  EXPECT_TRUE(blocks(gateway, requests));
}

TEST(Segments, ThatWrapAroundTheSequenceSpaceGiveTheSameVerdict) {
  Gateway gateway(kBlockedDomain);
  for (std::uint32_t before = 1; before < kBlockedHello.size(); before += 13) {
    const Ends ends{.client_port = static_cast<std::uint16_t>(2000 + before), .client_sequence = 0u - before};
    EXPECT_TRUE(blocks(gateway, TcpConversation(ends).handshake().client_in_pieces(kBlockedHello, 40))) << before;
    const Ends later{.client_port = static_cast<std::uint16_t>(9000 + before), .client_sequence = 0u - before};
    EXPECT_TRUE(blocks(gateway, TcpConversation(later).handshake().client_reversed(kBlockedHello, 40))) << before;
  }
}

TEST(Segments, OverlapsAreBlockedWhicheverCopyIsTheTrueOne) {
  ASSERT_EQ(kBlockedHello.size(), kOtherHello.size());
  const std::size_t name = as_text(kBlockedHello).find("www.blocked.example");
  const auto at = static_cast<std::uint32_t>(name);
  for (const auto& [first, second] : {std::pair(kBlockedHello, kOtherHello), std::pair(kOtherHello, kBlockedHello)}) {
    Gateway gateway(kBlockedDomain);
    // The name twice, before the beginning is there: the server reads one of the copies.
    TcpConversation doubled = next_connection();
    doubled.client_at(at, Bytes(first).subspan(name)).client_at(at, Bytes(second).subspan(name));
    doubled.client_at(0, Bytes(first).first(name));
    EXPECT_TRUE(blocks(gateway, doubled));
    // Half a name first, and the whole hello once more with the other bytes.
    TcpConversation again = next_connection();
    again.client_at(0, Bytes(first).first(name + 10)).client_at(0, second);
    again.client_at(at + 10, Bytes(first).subspan(name + 10));
    EXPECT_TRUE(blocks(gateway, again));
  }
}

TEST(Segments, HalfAFakeThatWillNotArriveDoesNotHideTheTruth) {
  Gateway gateway(kBlockedDomain);
  for (const std::size_t size : {1u, 5u, 40u, 100u}) {
    TcpConversation faked = next_connection();
    faked.client_fake_at(0, Bytes(kOtherHello).first(size), 2).client_at(0, kBlockedHello);
    EXPECT_TRUE(blocks(gateway, faked)) << size;
  }
}

// The fake dies on its way; only the second telling arrives.
TEST(Segments, AWholeFakeThatWillNotArriveDoesNotHideTheTruth) {
  Gateway gateway(kBlockedDomain);
  for (const Buffer& fake : {kOtherHello, Buffer(kBlockedHello.size(), 0), noise(kBlockedHello.size())}) {
    TcpConversation faked = next_connection();
    faked.client_fake_at(0, fake, 2).client_at(0, kBlockedHello);
    EXPECT_TRUE(blocks(gateway, faked));
  }
}

TEST(Segments, AFakeDoesNotHideATruthThatComesInPiecesAndGoesOnBehindIt) {
  for (const Buffer& fake : {client_hello("other.example"), Buffer(30, 0), noise(30)}) {
    for (const std::size_t piece : {20u, 30u, 50u, 200u}) {
      Gateway gateway(kBlockedDomain);
      TcpConversation faked = next_connection();
      faked.client_fake_at(0, fake, 2).client_in_pieces(client_hello("www.blocked.example", {.padded_to = 600}), piece);
      EXPECT_TRUE(blocks(gateway, faked)) << fake.size() << " bytes of a fake, pieces of " << piece;
    }
  }
}

TEST(Segments, AHelloWithoutItsHandshakeIsStillFound) {
  Gateway gateway(kBlockedDomain);
  const Packet data = ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(50000, 443).seq(77).flags("PA");
  EXPECT_EQ(gateway.judge(data.payload(kBlockedHello)), "D");
}

TEST(Segments, AHelloInTheSynIsFound) {
  Gateway gateway(kBlockedDomain);
  const Packet syn = ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(50001, 443).seq(77).flags("S");
  EXPECT_EQ(gateway.judge(syn.payload(kBlockedHello)), "D") << "TCP Fast Open (RFC 7413)";
}

TEST(Segments, AHelloThatBeginsInTheSynIsFound) {
  for (const std::size_t in_the_syn : {1u, 30u, 70u}) {
    Gateway gateway(kBlockedDomain);
    const auto to = ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(50001, 443);
    const auto from = ethernet().ipv4("203.0.113.9", "192.168.1.20").tcp(443, 50001);
    const auto behind = static_cast<std::uint32_t>(78 + in_the_syn);
    EXPECT_EQ(gateway.judge(Packet(to).seq(77).flags("S").payload(Bytes(kBlockedHello).first(in_the_syn))), "A");
    EXPECT_EQ(gateway.judge(Packet(from).seq(5).ack(behind).flags("SA")), "A");
    EXPECT_EQ(
        gateway.judge(Packet(to).seq(behind).ack(6).flags("PA").payload(Bytes(kBlockedHello).subspan(in_the_syn))),
        "D");
  }
}

// RFC 8446, section 4.1.4: the server asks for a hello with another key share; nobody holds the client to its name.
Buffer retry_request() {
  constexpr std::array<std::uint8_t, 32> kRandom{0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                                 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                                 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
  Buffer hello = server_hello();
  std::ranges::copy(kRandom, hello.begin() + 11);
  hello.resize(5 + (hello[3] << 8 | hello[4]));
  return hello;
}

TEST(HelloRetry, TheSecondHelloIsReadHoweverItComes) {
  const Buffer cipher_change = tls_record(20, Buffer{1}), early = tls_application_data(700);
  const Buffer second = client_hello("www.blocked.example");
  std::uint16_t port = 41000;
  Gateway gateway(kBlockedDomain);
  for (const std::size_t server_piece : {1u, 2u, 42u, 1000u}) {
    for (const std::size_t client_piece : {1u, 100u, 5000u}) {
      for (const bool sends_early : {false, true}) {
        TcpConversation web = connected(++port);
        web.client(client_hello("allowed.example"));
        if (sends_early) web.client(early).client(early);
        const Buffer retry = retry_request();
        for (std::size_t at = 0; at < retry.size(); at += server_piece) {
          web.server(Bytes(retry).subspan(at, std::min(server_piece, retry.size() - at)));
        }
        web.client_in_pieces(join({cipher_change, second}), client_piece).server(server_hello());
        EXPECT_NE(gateway.judge(web.packets()).find('D'), std::string::npos)
            << server_piece << " " << client_piece << " " << sends_early;
      }
    }
  }
}

TEST(HelloRetry, AnAllowedConnectionLeavesAfterIt) {
  Gateway gateway(kBlockedDomain);
  TcpConversation plain = connected(42001);
  plain.client(client_hello("allowed.example")).server(server_hello()).client(tls_application_data(50));
  EXPECT_TRUE(gateway.released(plain.packets()).ends_with("F"));
  TcpConversation again = connected(42002);
  again.client(client_hello("allowed.example")).server(retry_request()).client(client_hello("allowed.example"));
  const std::string released = gateway.released(again.packets());
  EXPECT_EQ(released.find('F'), released.size() - 1) << "with the acknowledgment of the second hello";
}

// Some forty conversations of all kinds, interleaved.
Packets mixed_traffic() {
  std::vector<Packets> all;
  for (std::uint16_t i = 0; i < 40; ++i) {
    const std::string name = i % 3 == 0 ? "a.blocked.example" : "fine.example";
    const Ends ends{.client = "192.168.1." + std::to_string(1 + i % 7),
                    .client_port = static_cast<std::uint16_t>(40000 + i),
                    .begin = kTestTime + std::chrono::milliseconds{i}};
    TcpConversation tcp(ends);
    tcp.handshake();
    switch (i % 5) {
      case 0: tcp.client_in_pieces(client_hello(name), 60).server(server_hello()).close(); break;
      case 1:
        tcp.client(http_request("GET", "/", "fine.example")).client(http_request("GET", "/", name)).close();
        break;
      case 2: tcp.client_reversed(client_hello(name), 90).server_resets(); break;
      case 3: tcp.client(over_tcp(dns_query(name))); break;
      default: all.push_back(dns_lookup(ends, name, "192.0.2.1")); continue;
    }
    all.push_back(tcp.packets());
  }
  return merged(all);
}

std::string judged_whole(const Decoded& decoded) {
  Worker worker(rule_set(kBlockedDomain), {.flow_capacity = 1024});
  std::vector<Verdict> verdicts(decoded.packets.size());
  worker.process(decoded.packets, verdicts);
  return letters(verdicts);
}

// What is told first may have died, whatever it was; and what was told next may be anything.
TEST(Segments, TextThatDiesHidesNothingBehindIt) {
  const Buffer request = http_request("GET", "/", "www.blocked.example");
  for (const std::string_view fake :
       {"SSH-2.0-OpenSSH_9.2\r\n", "EHLO there\r\n", "GET / SIP/2.0\r\n\r\n", "nothing known\r\n"}) {
    for (const Buffer& said : {request, kBlockedHello, join({http2_preface(), http2_get("www.blocked.example")})}) {
      Gateway gateway(kBlockedDomain);
      TcpConversation web = connected();
      web.client_fake_at(0, as_bytes(fake), 2).client_at(0, said);
      EXPECT_EQ(gateway.judge(web.packets()).back(), 'D') << fake;
      Gateway pieces(kBlockedDomain);
      TcpConversation cut = connected();
      cut.client_fake_at(0, as_bytes(fake), 2).client_reversed(said, said.size() / 2 + 1);
      EXPECT_EQ(pieces.judge(cut.packets()).substr(4, 2), "AD") << fake << ", in two pieces";
    }
  }
}

TEST(Dealing, BurstsOfAnySizeGiveTheSameVerdicts) {
  const Decoded decoded = decode(mixed_traffic());
  const std::string expected = judged_whole(decoded);
  EXPECT_NE(expected.find('D'), std::string::npos);
  for (const std::size_t burst : {1u, 2u, 11u, 12u, 13u, 64u, 100u}) {
    Worker worker(rule_set(kBlockedDomain), {.flow_capacity = 1024});
    std::vector<Verdict> verdicts(decoded.packets.size());
    for (std::size_t at = 0; at < verdicts.size(); at += burst) {
      const std::size_t count = std::min(burst, verdicts.size() - at);
      worker.process(std::span(decoded.packets).subspan(at, count), std::span(verdicts).subspan(at, count));
    }
    EXPECT_EQ(letters(verdicts), expected) << "bursts of " << burst;
  }
}

TEST(Dealing, OneWorkerAndManyGiveTheSameVerdictsAndTheSameNumbers) {
  const Decoded decoded = decode(mixed_traffic());
  const std::string expected = judged_whole(decoded);
  Gateway alone(kBlockedDomain);
  alone.judge(mixed_traffic());
  const Statistics& one = alone.finished();
  for (const std::uint32_t count : {1u, 2u, 3u, 16u}) {
    const auto rules = rule_set(kBlockedDomain);
    std::vector<Verdict> verdicts(decoded.packets.size());
    Statistics sum(rules->rules().size(), rules->catalogue().apps().size());
    for (std::uint32_t share = 0; share < count; ++share) {
      std::vector<std::size_t> positions;
      std::vector<netscope::Packet> dealt;
      for (std::size_t i = 0; i < decoded.packets.size(); ++i) {
        if (hash(decoded.packets[i].key, 99) % count != share) continue;
        positions.push_back(i);
        dealt.push_back(decoded.packets[i]);
      }
      Worker worker(rules, {.flow_capacity = 1024, .seed = share});
      std::vector<Verdict> judged(dealt.size());
      worker.process(dealt, judged);
      for (std::size_t i = 0; i < positions.size(); ++i) verdicts[positions[i]] = judged[i];
      worker.finish();
      sum.merge(worker.statistics());
    }
    EXPECT_EQ(letters(verdicts), expected) << count << " workers";
    EXPECT_EQ(sum.all.packets, one.all.packets);
    EXPECT_EQ(sum.all.bytes, one.all.bytes);
    EXPECT_EQ(sum.flows, one.flows);
    EXPECT_EQ(sum.messages, one.messages);
    EXPECT_EQ(sum.reasons.flow_drop, one.reasons.flow_drop);
    EXPECT_EQ(sum.rules[0].matched.packets, one.rules[0].matched.packets);
    EXPECT_EQ(sum.domains.top(10).size(), one.domains.top(10).size());
    EXPECT_EQ(sum.clients.top(1).at(0).first, one.clients.top(1).at(0).first);
  }
}

}  // namespace
}  // namespace netscope::test
