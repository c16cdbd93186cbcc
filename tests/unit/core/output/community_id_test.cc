#include "core/output/community_id.h"

#include <gtest/gtest.h>

namespace netscope {
namespace {

Endpoint end(std::string_view address, std::uint16_t port) {
  return {.address = *IpAddress::parse(address), .port = port};
}

// From the baseline of the specification's own examples.
TEST(CommunityId, IsWhatOtherToolsWrite) {
  EXPECT_EQ(community_id(end("128.232.110.120", 34855), end("66.35.250.204", 80), ip_protocol::tcp),
            "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
  EXPECT_EQ(community_id(end("192.168.1.52", 54585), end("8.8.8.8", 53), ip_protocol::udp),
            "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
}

TEST(CommunityId, DoesNotDependOnTheOrderOfTheEnds) {
  const Endpoint a = end("2001:db8::1", 40000), b = end("2001:db8::2", 443);
  EXPECT_EQ(community_id(a, b, ip_protocol::tcp), community_id(b, a, ip_protocol::tcp));
}

}  // namespace
}  // namespace netscope
