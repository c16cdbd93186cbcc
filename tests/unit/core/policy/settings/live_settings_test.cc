#include "netscope/policy/settings/live_settings.h"

#include <gtest/gtest.h>

#include <set>

#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/policy.h"

namespace netscope {
namespace {

LiveSettings live_of(std::string_view toml) {
  const auto policy = parse_policy(toml, "r.toml", Catalogue::built_in());
  EXPECT_TRUE(policy.has_value()) << (policy ? "" : to_string(policy.error().front()));
  return policy ? policy->live : LiveSettings{};
}

std::string error_of(std::string_view line) {
  const auto policy = parse_policy("[live]\n" + std::string(line), "r.toml", Catalogue::built_in());
  return policy ? "none" : to_string(policy.error().front());
}

TEST(LiveSettings, HaveADefaultForEveryKey) {
  EXPECT_EQ(live_of(""), LiveSettings{});
  EXPECT_EQ(live_of("[live]"), LiveSettings{});
}

TEST(LiveSettings, AreReadFromTheFile) {
  const LiveSettings expected{
      .queues = QueueRange{4, 7},
      .fanout = Fanout::address,
      .offload = Offload::flowtable,
      .backend = Backend::iptables,
      .hooks = {Hook::input, Hook::output},
      .interfaces = {"br-lan", "ppp*"},
      .excluded_interfaces = {"wg0"},
      .excluded_addresses = {*IpPrefix::parse("192.0.2.0/24"), *IpPrefix::parse("2001:db8::/32")},
      .marks = {.mask = 0x0000ff00},
      .user = "nobody",
  };
  EXPECT_EQ(live_of(R"([live]
queues = "4-7"
fanout = "address"
offload = "flowtable"
backend = "iptables"
hooks = ["input", "output"]
interfaces = ["br-lan", "ppp*"]
exclude = { interfaces = ["wg0"], addresses = ["192.0.2.0/24", "2001:db8::/32"] }
mark_mask = "0x0000ff00"
user = "nobody"
)"),
            expected);
}

TEST(LiveSettings, WriteDistinctMarksWithinTheirMask) {
  for (const std::uint32_t mask : {0xff000000u, 0x00000007u, 0x00038000u, 0xe0000000u, 0xffffffffu}) {
    const Marks marks{.mask = mask};
    const std::set<std::uint32_t> values{marks.accept_flow(), marks.drop_flow(), marks.reject_flow(),
                                         marks.reject_packet()};
    EXPECT_EQ(values.size(), 4u);
    for (const std::uint32_t value : values) EXPECT_EQ(value & mask, value);
    EXPECT_FALSE(values.contains(0));
  }
}

TEST(LiveSettings, RefuseMasksThatCannotHoldTheMarks) {
  EXPECT_EQ(error_of("mark_mask = \"0x03000000\""),
            "r.toml:2:13: \"0x03000000\" must be at least three adjacent bits, such as \"0xff000000\"");
  EXPECT_EQ(error_of("mark_mask = \"0x0f0f0000\""),
            "r.toml:2:13: \"0x0f0f0000\" must be at least three adjacent bits, such as \"0xff000000\"");
  EXPECT_EQ(error_of("mark_mask = \"0x1ff000000\""),
            "r.toml:2:13: \"0x1ff000000\" is not a mask of 32 bits such as \"0xff000000\"");
}

TEST(LiveSettings, RefuseWhatIsNoInterface) {
  for (const char* name : {"eth0; flush ruleset", "a b", "-j", "*", "sixteen-letters-", "eth0/1", "\\\"", "é"}) {
    EXPECT_NE(error_of("interfaces = [\"" + std::string(name) + "\"]").find("is not the name of a network interface"),
              std::string::npos)
        << name;
  }
  EXPECT_EQ(error_of("interfaces = [\"eth0.7\", \"br-lan\", \"wlx00aa_1\", \"veth0@if3\", \"tun*\"]"), "none");
}

TEST(LiveSettings, RefuseTooManyQueues) {
  EXPECT_EQ(error_of("queues = \"1-64\""), "none");
  EXPECT_EQ(error_of("queues = \"0-64\""), "r.toml:2:10: \"0-64\" are 65 queues; at most 64 can be used");
  EXPECT_EQ(error_of("queues = \"65536\""),
            "r.toml:2:10: \"65536\" is neither a queue of 0 to 65535 nor a range such as \"0-3\"");
}

TEST(LiveSettings, RefuseAHookNamedTwice) {
  EXPECT_EQ(error_of("hooks = [\"input\", \"input\"]"), "r.toml:2:19: hook \"input\" is named twice");
}

}  // namespace
}  // namespace netscope
