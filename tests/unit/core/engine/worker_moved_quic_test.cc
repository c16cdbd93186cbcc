// QUIC connections that go on from another port: a NAT on the client's side forgot them, and nobody told the client.

#include <gtest/gtest.h>

#include "support/quic_packets.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

constexpr std::string_view kName = "www.allowed.example";
constexpr std::string_view kOnlyAllowed =
    "[policy]\ndefault = 'drop'\n"
    "[[rule]]\nname = 'fine'\naction = 'accept'\ndomain = ['allowed.example']\n";
constexpr std::string_view kNoLongerAllowed =
    "[[rule]]\nname = 'gone'\naction = 'drop'\ndomain = ['allowed.example']\n";

const Buffer kOldServerId = {0xaa, 0xbb, 0xcc, 0xdd, 0x01, 0x02, 0x03, 0x04};
const Buffer kOtherId = {0xaa, 0xbb, 0xcc, 0xdd, 0x01, 0x02, 0x03, 0x05};

UdpConversation from_port(std::uint16_t port) {
  return UdpConversation({.client_port = port, .server_port = 443});
}

// What follows a handshake, as a client sends it to that id.
Buffer short_to(const Buffer& id) {
  return join({{0x41}, id, noise(80)});
}

Buffer server_answer(const Buffer& id = kOldServerId) {
  return join({quic_initial(ack_frame(0), {.keys_of = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08},
                                           .source = id,
                                           .datagram_bytes = 0,
                                           .from_server = true}),
               quic_handshake({.destination = {}, .source = id})});
}

// A connection up to its first data, from port 50000.
Packets opened(std::string_view name = kName) {
  return from_port(50000)
      .client(quic_hello(name))
      .server(server_answer())
      .client(quic_handshake({.destination = kOldServerId}))
      .client(short_to(kOldServerId))
      .server(quic_short())
      .packets();
}

Packets moved(const Buffer& id = kOldServerId, std::uint16_t port = 50001) {
  return from_port(port).client(short_to(id)).server(quic_short()).client(short_to(id)).packets();
}

TEST(MovedQuic, KeepsTheVerdictOfItsName) {
  Gateway gateway(kOnlyAllowed);
  EXPECT_EQ(gateway.judge(opened()), "AAAAA");
  EXPECT_EQ(gateway.judge(moved()), "AAA");
  EXPECT_EQ(gateway.judge(moved(kOldServerId, 50002)), "AAA") << "once more";
}

TEST(MovedQuic, IsKnownByItsIdAlone) {
  Gateway gateway(kOnlyAllowed);
  EXPECT_EQ(gateway.judge(moved()), "DDD") << "nobody has opened it";
  EXPECT_EQ(gateway.judge(opened()), "AAAAA");
  EXPECT_EQ(gateway.judge(moved(kOtherId, 50002)), "DDD");
}

TEST(MovedQuic, LeavesForTheKernelWhenBothSidesWentOn) {
  Gateway gateway(kOnlyAllowed);
  gateway.judge(opened());
  EXPECT_EQ(gateway.released(moved()), "..F");
}

TEST(MovedQuic, IsJudgedByTheRulesOfNow) {
  Gateway gateway(kOnlyAllowed);
  gateway.judge(opened());
  gateway.reload(kNoLongerAllowed);
  EXPECT_EQ(gateway.judge(moved()), "DDD");
}

TEST(MovedQuic, MayOpenNothingElseThatIsBlocked) {
  Gateway gateway(dropping("domain = ['blocked.example']"));
  gateway.judge(opened());
  UdpConversation flow = from_port(50001);
  flow.client(short_to(kOldServerId)).client(quic_hello("www.blocked.example", {.destination = kOtherId}));
  EXPECT_EQ(gateway.judge(flow.packets()), "AD");
}

TEST(MovedQuic, OfABlockedNameHasNoIdToGoOnWith) {
  Gateway gateway(dropping("domain = ['allowed.example']"));
  EXPECT_EQ(gateway.judge(opened()), "DDDDD");
  EXPECT_EQ(gateway.judge(moved()), "AAA") << "not by its name: the server never heard of it";
}

TEST(MovedQuic, IsToldWithTheNameAndCountsNoHelloTwice) {
  Gateway gateway(kOnlyAllowed, {.flow_capacity = 64, .recording = {.flows = true}});
  gateway.judge(opened());
  gateway.judge(moved());
  const Statistics& statistics = gateway.finished();
  EXPECT_EQ(statistics.messages[static_cast<std::size_t>(Protocol::quic)], 1u);
  const std::vector<Event> events = gateway.worker().take_events();
  ASSERT_EQ(events.size(), 2u);
  for (const Event& event : events) {
    EXPECT_EQ(event.protocol, Protocol::quic);
    ASSERT_EQ(event.shown.names.size(), 1u);
    EXPECT_EQ(event.shown.names.front().name, kName);
  }
}

}  // namespace
}  // namespace netscope::test
