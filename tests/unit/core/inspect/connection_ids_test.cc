#include "core/inspect/connection_ids.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace netscope {
namespace {

using Id = std::vector<std::uint8_t>;

const Endpoint kServer{.address = IpAddress::v4(0xc6336407), .port = 443};
const Id kId = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};

QuicHello hello_to(std::string name) {
  return {.name = std::move(name)};
}

Id short_header(const Id& id, std::uint8_t first = 0x40) {
  Id datagram{first};
  datagram.insert(datagram.end(), id.begin(), id.end());
  datagram.insert(datagram.end(), 30, 0xee);
  return datagram;
}

std::string found(ConnectionIds& ids, const Endpoint& server, const Id& datagram) {
  const QuicHello* const hello = ids.find(server, datagram);
  return hello == nullptr ? "none" : hello->name;
}

Id numbered_id(std::uint32_t number) {
  return {0xaa, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number)};
}

TEST(ConnectionIds, LeadFromAShortHeaderToTheHello) {
  ConnectionIds ids(1);
  EXPECT_EQ(found(ids, kServer, short_header(kId)), "none");
  ids.add(kServer, kId, hello_to("one.example"));
  EXPECT_EQ(found(ids, kServer, short_header(kId)), "one.example");
  EXPECT_EQ(found(ids, kServer, short_header(kId, 0x7f)), "one.example");
  for (const int first : {0x00, 0x3f, 0x80, 0xc0, 0xff}) {
    EXPECT_EQ(found(ids, kServer, short_header(kId, static_cast<std::uint8_t>(first))), "none") << first;
  }
}

TEST(ConnectionIds, BelongToTheirServerAlone) {
  ConnectionIds ids(1);
  ids.add(kServer, kId, hello_to("one.example"));
  EXPECT_EQ(found(ids, {.address = IpAddress::v4(0xc6336408), .port = 443}, short_header(kId)), "none");
  EXPECT_EQ(found(ids, {.address = kServer.address, .port = 8443}, short_header(kId)), "none");
}

TEST(ConnectionIds, AreFoundByTheLengthThatTheyHave) {
  ConnectionIds ids(1);
  for (std::size_t size = 0; size <= 25; ++size) ids.add(kServer, Id(size, 0x5a), hello_to(std::to_string(size)));
  EXPECT_EQ(ids.size(), quic::kMaxConnectionId - kMinConnectionId + 1);
  EXPECT_EQ(found(ids, kServer, {0x40, 0x5a, 0x5a, 0x5a}), "none") << "fewer bytes than any id has";
  for (std::size_t size = kMinConnectionId; size <= quic::kMaxConnectionId; ++size) {
    Id datagram(size + 1, 0x5a);
    datagram.front() = 0x40;
    EXPECT_EQ(found(ids, kServer, datagram), std::to_string(size)) << "the longest that fits";
  }
  EXPECT_EQ(found(ids, kServer, {}), "none");
  EXPECT_EQ(found(ids, kServer, {0x40}), "none");
}

TEST(ConnectionIds, TellTheNewestHello) {
  ConnectionIds ids(1);
  ids.add(kServer, kId, hello_to("one.example"));
  ids.add(kServer, kId, hello_to("two.example"));
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(found(ids, kServer, short_header(kId)), "two.example");
}

TEST(ConnectionIds, MakeRoomForOneMoreWhereTheOneMetLongestAgoStood) {
  ConnectionIds ids(1);
  const QuicHello hello = hello_to("a.example");
  for (std::uint32_t i = 0; i < kMaxConnectionIds; ++i) ids.add(kServer, numbered_id(i), hello);
  EXPECT_EQ(ids.size(), kMaxConnectionIds);
  EXPECT_EQ(found(ids, kServer, short_header(numbered_id(0))), "a.example");  // met again
  ids.add(kServer, numbered_id(kMaxConnectionIds), hello);
  EXPECT_EQ(ids.size(), kMaxConnectionIds);
  EXPECT_EQ(found(ids, kServer, short_header(numbered_id(0))), "a.example");
  EXPECT_EQ(found(ids, kServer, short_header(numbered_id(1))), "none");
  EXPECT_EQ(found(ids, kServer, short_header(numbered_id(kMaxConnectionIds))), "a.example");
}

}  // namespace
}  // namespace netscope
