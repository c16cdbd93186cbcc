// One connection after another on the same ports: none inherits what was found of the one before, and nothing that only
// a client says of a beginning or an end makes the worker forget what it found.

#include <gtest/gtest.h>

#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Another connection on the ports of connected(): new numbers, as new connections have them.
TcpConversation another(std::uint16_t server_port = 443) {
  return TcpConversation({.server_port = server_port,
                          .begin = kTestTime + seconds{5},
                          .client_sequence = 77'000'000,
                          .server_sequence = 1'900'000'000})
      .handshake();
}

netscope::test::Packet from_client(std::uint32_t sequence, std::string_view flags) {
  return ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(51234, 443).seq(sequence).flags(flags);
}
netscope::test::Packet from_server(std::uint32_t sequence, std::string_view flags) {
  return ethernet().ipv4("203.0.113.9", "192.168.1.20").tcp(443, 51234).seq(sequence).flags(flags);
}

const Buffer kBlockedRequest = http_request("GET", "/", "www.blocked.example");
const Buffer kFineRequest = http_request("GET", "/", "fine.example");

TEST(Ports, ASecondConnectionInheritsNothing) {
  struct Case {
    std::uint16_t port;
    Buffer fine, blocked, answer;
  };
  const Buffer page = http_response(200, "a page");
  for (const Case& of :
       {Case{443, kFineHello, kBlockedHello, server_hello()}, Case{80, kFineRequest, kBlockedRequest, page}}) {
    Gateway gateway(kBlockedDomain);
    EXPECT_EQ(gateway.judge(connected(51234, of.port).client(of.fine).server(of.answer).packets()), "AAAAAAA");
    EXPECT_EQ(gateway.judge(another(of.port).client(of.blocked).packets()), "AAADD") << "port " << of.port;
    Gateway other(kBlockedDomain);
    EXPECT_EQ(other.judge(connected(51234, of.port).client(of.blocked).packets()), "AAADD");
    EXPECT_EQ(other.judge(another(of.port).client(of.fine).server(of.answer).packets()), "AAAAAAA")
        << "port " << of.port;
    EXPECT_EQ(other.finished().flows_total, 2u);
    EXPECT_EQ(other.statistics().one_sided, 0u) << "its SYN was seen";
  }
}

TEST(Ports, TheClientMayUseItsNumberAgain) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().client(kFineHello).server(server_hello()).packets());
  const TcpConversation second =
      TcpConversation({.begin = kTestTime + seconds{5}, .server_sequence = 1'900'000'000}).handshake();
  EXPECT_EQ(gateway.judge(TcpConversation(second).client(kBlockedHello).packets()), "AAADD");
}

TEST(Ports, AConnectionWhoseBeginningWasNotSeenIsNoExcuse) {
  Gateway gateway(kBlockedDomain);
  Packets under_way = connected().client(kFineHello).server(server_hello()).packets();
  under_way.erase(under_way.begin(), under_way.begin() + 3);
  gateway.judge(under_way);
  EXPECT_EQ(gateway.judge(another().client(kBlockedHello).packets()), "AAADD");
}

TEST(Ports, WhatTheKernelKeptIsForgottenWhenTheServerAnswers) {
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(gateway.anew(connected().client(kFineHello).server(server_hello()).packets()), ".N.....");
  EXPECT_EQ(gateway.anew(another().packets()), ".N.");
  Gateway other(kBlockedDomain);
  other.judge(connected().client(kBlockedHello).packets());
  EXPECT_EQ(other.anew(another().packets()), "NN.") << "of a blocked connection from the SYN on";
}

TEST(Ports, ASynThatDiesChangesNothing) {
  for (const std::uint32_t sequence : {1u, 1000u, 1001u, 1061u, 5'000'000u, 4'000'000'000u}) {
    const Bytes hello = kBlockedHello;
    Gateway gateway(kBlockedDomain);
    const Packets whole = connected().client(hello.first(60)).client(hello.subspan(60)).packets();
    gateway.judge({whole.begin(), whole.begin() + 5});
    EXPECT_EQ(gateway.judge(from_client(sequence, "S"), whole[5].at), "A");
    EXPECT_EQ(gateway.judge({whole.begin() + 5, whole.end()}), "DD") << "SYN " << sequence << " between two halves";
    EXPECT_EQ(gateway.judge(from_client(sequence + 9, "S"), whole[6].at), "A");
    EXPECT_EQ(gateway.judge({whole.begin() + 3, whole.begin() + 4}), "D") << "the block stays";
  }
}

TEST(Ports, AResetOfTheClientThatDiesChangesNothing) {
  const Bytes hello = kBlockedHello;
  for (const char* flags : {"R", "RA", "FA"}) {
    for (const Duration pause : {Duration{seconds{1}}, Duration{seconds{12}}, Duration{minutes{20}}}) {
      Gateway gateway(kBlockedDomain);
      gateway.judge(connected().packets());
      EXPECT_EQ(gateway.judge(from_client(1001, flags), kTestTime + seconds{1}), "A");
      const Packets rest = connected().client_reversed(hello, 60).packets();
      std::string verdicts = gateway.judge(later({rest.begin() + 3, rest.end() - 1}, pause));
      EXPECT_EQ(verdicts.back(), 'D') << flags << ", a hello the last piece first";
      gateway.judge(from_client(2'000'000, "S"), kTestTime + pause + seconds{1});
      EXPECT_EQ(gateway.judge(later({rest.end() - 2, rest.end() - 1}, pause + seconds{1})), "D")
          << flags << ", and a SYN";
    }
  }
}

TEST(Ports, AResetThatAnswersAWrongAcknowledgmentEndsNothing) {
  Gateway gateway(kBlockedDomain);
  const Packets handshake = connected().packets();
  gateway.judge({handshake.begin(), handshake.begin() + 2});
  EXPECT_EQ(gateway.judge({{.at = kTestTime, .packet = from_client(1001, "A").ack(4711)},
                           {.at = kTestTime, .packet = from_server(4711, "R")}}),
            "AA");
  gateway.judge({handshake[2]});
  const Packets rest = connected().client_reversed(kBlockedHello, 60).packets();
  EXPECT_EQ(gateway.judge(later({rest.begin() + 3, rest.end() - 1}, seconds{12})).back(), 'D');
  EXPECT_EQ(gateway.finished().flows_total, 1u);
}

TEST(Ports, AServersResetEndsTheConnection) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().server_resets().packets());
  gateway.judge(another().packets());
  EXPECT_EQ(gateway.finished().flows_total, 2u);
}

TEST(Ports, ASynWithBytesForAnotherConnectionIsWithheld) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().client(kFineHello).server(server_hello()).packets());
  const auto syn = from_client(77'000'000, "S");
  EXPECT_EQ(gateway.judge(Packet(syn).payload(kBlockedHello), kTestTime + seconds{5}), "D") << "TCP Fast Open";
  EXPECT_EQ(gateway.judge(syn, kTestTime + seconds{6}), "A");
}

TEST(Ports, AConnectionThatAnAddressBlocksIsBlockedAgain) {
  Gateway gateway(dropping("ip = ['203.0.113.9']"));
  EXPECT_EQ(gateway.judge(connected().packets()), "DDD");
  EXPECT_EQ(gateway.judge(another().packets()), "DDD");
}

TEST(Ports, OfTwoAnswersToASynTheLaterCounts) {
  for (const std::uint32_t server_sequence : {500'000u, 600'000u}) {
    Gateway gateway(kBlockedDomain);
    const Packets handshake = TcpConversation({.client_sequence = 9000}).handshake().packets();
    EXPECT_EQ(gateway.judge({{.at = kTestTime, .packet = handshake[0].packet},
                             {.at = kTestTime, .packet = from_server(server_sequence, "SA").ack(123'456)},
                             {.at = kTestTime, .packet = handshake[1].packet}}),
              "AAA");
    const Packets hello =
        TcpConversation({.client_sequence = 9000}).handshake().client_reversed(kBlockedHello, 60).packets();
    EXPECT_EQ(gateway.judge({hello.begin() + 2, hello.end() - 1}).back(), 'D');
  }
}

TEST(Ports, WhereBothOpenAtOnceTheClientIsWhoCameFirst) {
  for (const bool reset_first : {false, true}) {
    Gateway gateway(dropping("domain = ['blocked.example']\nsrc = ['192.168.1.20']"));
    Packets packets{{.at = kTestTime, .packet = from_client(1000, "S")}};
    if (reset_first) packets.push_back({.at = kTestTime, .packet = from_server(0, "RA").ack(1001)});
    packets.push_back({.at = kTestTime, .packet = from_server(500'000, "S")});
    packets.push_back({.at = kTestTime, .packet = from_client(1000, "SA").ack(500'001)});
    packets.push_back({.at = kTestTime, .packet = from_server(500'001, "A").ack(1001)});
    gateway.judge(packets);
    EXPECT_EQ(gateway.judge(from_client(1001, "PA").ack(500'001).payload(kBlockedHello)), "D") << reset_first;
  }
}

TEST(Ports, AnAnswerOfTheClientAheadOfItsSynMakesNobodyElseTheClient) {
  Gateway gateway(dropping("domain = ['blocked.example']\nsrc = ['192.168.1.20']"));
  Packets packets = connected().client(kBlockedHello).packets();
  packets.insert(packets.begin(), {.at = kTestTime, .packet = from_client(1000, "SA").ack(1)});
  EXPECT_EQ(gateway.judge(packets), "AAAADD");
}

// --- who answers

TEST(Sides, AClientThatAnswersItselfIsNotTheServer) {
  const Bytes hello = kBlockedHello;
  constexpr std::string_view kBanner = "SSH-2.0-OpenSSH_9.2\r\n";
  for (const Buffer& answer : {Buffer(kBanner.begin(), kBanner.end()), server_hello(), Buffer(300, 0x5a)}) {
    Gateway gateway(kBlockedDomain);
    const Packets whole = connected().client(hello.first(60)).client(hello.subspan(60)).packets();
    Packets packets(whole.begin(), whole.begin() + 4);
    packets.push_back({.at = kTestTime, .packet = from_server(500'001, "PA").ack(1061).payload(answer)});
    packets.push_back(whole[5]);
    EXPECT_EQ(gateway.judge_forwarded(packets, "192.168.1.20", {4}), "AAAAAD");
  }
}

TEST(Sides, AForgedAnswerToTheSynMovesNoStream) {
  for (const std::size_t place : {0u, 1u, 2u}) {  // ahead of the SYN, of its true answer, behind that
    Gateway gateway(kBlockedDomain);
    Packets packets = connected().client_reversed(kBlockedHello, 60).packets();
    packets.pop_back();
    packets.insert(packets.begin() + static_cast<std::ptrdiff_t>(place),
                   {.at = kTestTime, .packet = from_server(9'000'000, "SA").ack(5'000'000)});
    EXPECT_EQ(gateway.judge_forwarded(packets, "192.168.1.20", {place}).back(), 'D') << place;
  }
}

TEST(Sides, AForgedEndEndsNothing) {
  for (const char* flags : {"R", "RA", "FA"}) {
    Gateway gateway(kBlockedDomain);
    gateway.judge_forwarded(connected().packets(), "192.168.1.20", {});
    const Packets ends{{.at = kTestTime + seconds{1}, .packet = from_server(500'001, flags).ack(1001)},
                       {.at = kTestTime + seconds{1}, .packet = from_client(1001, "FA").ack(500'001)}};
    EXPECT_EQ(gateway.judge_forwarded(ends, "192.168.1.20", {0}), "AA");
    Packets rest = later(connected().client_reversed(kBlockedHello, 60).packets(), seconds{12});
    rest.erase(rest.begin(), rest.begin() + 3);
    rest.pop_back();
    EXPECT_EQ(gateway.judge_forwarded(rest, "192.168.1.20", {}).back(), 'D') << flags;
  }
}

TEST(Sides, TrueAnswersCount) {
  Gateway gateway(kBlockedDomain);
  gateway.judge_forwarded(connected().client(kFineHello).server(server_hello()).client(Buffer(40, 0x17)).packets(),
                          "192.168.1.20", {});
  EXPECT_EQ(gateway.released(connected().client(Buffer(40, 0x17)).packets()).back(), 'F');
}

TEST(Ports, WhereOneSideIsSeenASynBeginsAnother) {
  const auto of_client = [](const Packets& packets) {
    Packets out;
    for (std::size_t i : {0u, 2u, 3u}) out.push_back(packets[i]);
    return out;
  };
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(gateway.judge(of_client(connected().client(kFineHello).packets())), "AAA");
  EXPECT_EQ(gateway.judge(of_client(another().client(kBlockedHello).packets())), "AAD");
}

}  // namespace
}  // namespace netscope::test
