#include "app/gateway/surroundings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace netscope {
namespace {

using Weight = Obstacle::Weight;

LiveSettings filtering(std::vector<std::string> interfaces, std::vector<Hook> hooks = {Hook::forward}) {
  LiveSettings settings;
  settings.interfaces = std::move(interfaces);
  settings.hooks = std::move(hooks);
  return settings;
}

// A router whose bridge has two ports, as those for a home have.
Surroundings router() {
  return {
      .links = {{.name = "br0"}, {.name = "lan1", .bridge = "br0"}, {.name = "lan2", .bridge = "br0"}, {.name = "wan"}},
      .forwards = true};
}

TEST(Obstacles, NothingIsInTheWayOfARouter) {
  Surroundings machine{.links = {{.name = "lan"}, {.name = "wan"}}, .forwards = true};
  EXPECT_TRUE(obstacles({}, machine).empty());
  EXPECT_TRUE(obstacles(filtering({"lan", "wa*"}), machine).empty());
  machine.forwards = false;
  EXPECT_TRUE(obstacles(filtering({}, {Hook::input, Hook::output}), machine).empty()) << "a single host";
}

TEST(Obstacles, AnInterfaceThatIsNotThereIsToldByItsWeight) {
  const Surroundings machine{.links = {{.name = "lan"}, {.name = "wan"}}, .forwards = true};
  for (const char* wanted : {"lan9", "ppp*"}) {
    auto found = obstacles(filtering({wanted}), machine);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].weight, Weight::whole);
    EXPECT_NE(found[0].what.find(wanted), std::string::npos);
    found = obstacles(filtering({wanted, "lan"}), machine);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].weight, Weight::part);
  }
}

TEST(Obstacles, ABridgesPortIsNoInterfaceOfIp) {
  auto found = obstacles(filtering({"lan1"}), router());
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].weight, Weight::whole);
  EXPECT_NE(to_string(found[0]).find("--interface br0"), std::string::npos);
  found = obstacles(filtering({"lan*", "br0"}), router());
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].weight, Weight::part);
  Surroundings shown = router();
  shown.links[0].shows_bridged = true;
  EXPECT_EQ(obstacles(filtering({"lan1"}), shown).size(), 1u) << "they come by the bridge then, too";
}

TEST(Obstacles, ABridgeIsAHintForARouterAndAllThereIsForAMachineThatOnlyBridges) {
  Surroundings machine = router();
  auto found = obstacles({}, machine);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].weight, Weight::hint);
  EXPECT_NE(found[0].remedy.find("br_netfilter"), std::string::npos);
  machine.forwards = false;
  found = obstacles({}, machine);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].weight, Weight::whole);
  machine.links[0].shows_bridged = true;
  EXPECT_TRUE(obstacles({}, machine).empty());
  machine = router();
  machine.links[2].bridge.clear();
  EXPECT_TRUE(obstacles({}, machine).empty()) << "with one port it passes nothing on";
}

TEST(Obstacles, AMachineThatForwardsNothingFiltersNothingAtForward) {
  const Surroundings machine{.links = {{.name = "lan"}}, .forwards = false};
  auto found = obstacles({}, machine);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].weight, Weight::whole);
  EXPECT_NE(found[0].remedy.find("ip_forward=1"), std::string::npos);
  found = obstacles(filtering({}, {Hook::forward, Hook::input}), machine);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].weight, Weight::part);
}

class LookAround : public testing::Test {
 protected:
  LookAround() { std::filesystem::create_directories(links()); }
  ~LookAround() override { std::filesystem::remove_all(root_); }
  std::filesystem::path links() const { return root_ / "sys/class/net"; }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  std::filesystem::path root_ = std::filesystem::temp_directory_path() / ("surroundings_" + std::to_string(::getpid()));
};

TEST_F(LookAround, ReadsWhatTheKernelShows) {
  for (const char* name : {"lo", "wan"}) std::filesystem::create_directories(links() / name);
  std::filesystem::create_directories(links() / "lan1/brport");
  std::filesystem::create_directory_symlink("../../br0", links() / "lan1/brport/bridge");
  write("sys/class/net/br0/bridge/nf_call_iptables", "0\n");
  write("sys/class/net/bonding_masters", "\n");
  write("proc/sys/net/ipv4/ip_forward", "0\n");
  Surroundings machine = look_around(root_);
  EXPECT_EQ(machine.links,
            (std::vector<Surroundings::Link>{{.name = "br0"}, {.name = "lan1", .bridge = "br0"}, {.name = "wan"}}));
  EXPECT_FALSE(machine.forwards);
  write("sys/class/net/br0/bridge/nf_call_iptables", "1\n");
  write("proc/sys/net/ipv4/conf/wan/forwarding", "1\n");
  machine = look_around(root_);
  EXPECT_TRUE(machine.links[0].shows_bridged);
  EXPECT_FALSE(machine.links[1].shows_bridged);
  EXPECT_TRUE(machine.forwards);
}

TEST_F(LookAround, TheSwitchForAllBridgesIsForBridgesAlone) {
  std::filesystem::create_directories(links() / "br0/bridge");
  std::filesystem::create_directories(links() / "wan");
  write("proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
  const Surroundings machine = look_around(root_);
  EXPECT_EQ(machine.links, (std::vector<Surroundings::Link>{{.name = "br0", .shows_bridged = true}, {.name = "wan"}}));
  EXPECT_TRUE(machine.forwards) << "what cannot be read is no reason to complain";
}

}  // namespace
}  // namespace netscope
