// From what the kernel can do to what is used.

#include <gtest/gtest.h>

#include "linux/netfilter/table.h"

namespace netscope::netfilter {
namespace {

constexpr Ability kWorks{.works = true};
constexpr QueueRange kFour{.first = 0, .last = 3};

Probe debian() {
  return {kWorks, kWorks, kWorks, kWorks, kWorks, kWorks, kWorks, kWorks, kWorks, kWorks};
}

Probe container() {  // nft without queues, iptables with them
  Probe probe = debian();
  probe.nft_queue = probe.symhash = probe.flowtable = {.works = false, .why = "no such file"};
  return probe;
}

Choice chosen(const LiveSettings& settings, const Probe& probe, const QueueRange& queues = kFour) {
  const auto choice = choose(settings, queues, probe);
  EXPECT_TRUE(choice.has_value()) << (choice ? "" : choice.error().message);
  return choice.value_or(Choice{});
}

std::string refused(const LiveSettings& settings, const Probe& probe) {
  const auto choice = choose(settings, kFour, probe);
  return choice ? "" : choice.error().message;
}

bool mentions(const Choice& choice, std::string_view text) {
  for (const std::string& reason : choice.reasons) {
    if (reason.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(Choice, NftWhereItCanQueue) {
  const Choice choice = chosen({}, debian());
  EXPECT_EQ(choice.backend, Backend::nft);
  EXPECT_EQ(choice.fanout, Fanout::flow);
  EXPECT_TRUE(choice.reasons.empty());
}

TEST(Choice, WithoutSymhashByAddress) {
  Probe probe = debian();
  probe.symhash = {.works = false, .why = "old kernel"};
  const Choice choice = chosen({}, probe);
  EXPECT_EQ(choice.fanout, Fanout::address);
  EXPECT_TRUE(mentions(choice, "old kernel"));
  EXPECT_EQ(chosen({}, probe, {.first = 2, .last = 2}).fanout, Fanout::flow) << "one queue needs no hash";
}

TEST(Choice, IptablesWhereNftCannotQueue) {
  const Choice choice = chosen({.offload = Offload::flowtable}, container());
  EXPECT_EQ(choice.backend, Backend::iptables);
  EXPECT_EQ(choice.fanout, Fanout::address);
  EXPECT_EQ(choice.offload, Offload::mark);
  EXPECT_TRUE(mentions(choice, "nft cannot queue here: no such file"));
}

TEST(Choice, IptablesForIpv4AloneSaysSo) {
  Probe probe = container();
  probe.ip6tables = {.works = false, .why = "no ip6_tables"};
  const Choice choice = chosen({}, probe);
  EXPECT_FALSE(choice.ipv6);
  EXPECT_TRUE(mentions(choice, "IPv6 is not filtered: no ip6_tables"));
}

TEST(Choice, WhatIsAskedForByNameMustWork) {
  EXPECT_NE(refused({.backend = Backend::nft}, container()).find("no such file"), std::string::npos);
  Probe probe = debian();
  probe.iptables = {.works = false, .why = "not installed"};
  EXPECT_NE(refused({.backend = Backend::iptables}, probe).find("not installed"), std::string::npos);
  probe.nft = {.works = false, .why = "no nf_tables"};
  const std::string why = refused({}, probe);
  EXPECT_NE(why.find("no nf_tables"), std::string::npos);
  EXPECT_NE(why.find("not installed"), std::string::npos);
  EXPECT_NE(why.find("modprobe"), std::string::npos);
}

TEST(Choice, WithoutATableNothingHasToWork) {
  EXPECT_EQ(chosen({.backend = Backend::none}, Probe{}).backend, Backend::none);
}

TEST(Choice, FanoutByProcessorComesWithAWarning) {
  EXPECT_TRUE(mentions(chosen({.fanout = Fanout::cpu}, debian()), "symmetric RSS"));
}

TEST(Choice, AFlowTableNeedsInterfaces) {
  Probe probe = debian();
  probe.flowtable = {.works = false, .why = "no flow offload"};
  const Choice choice = chosen({.offload = Offload::flowtable}, probe);
  EXPECT_EQ(choice.offload, Offload::mark);
  EXPECT_TRUE(mentions(choice, "no flow offload"));
  EXPECT_EQ(chosen({.offload = Offload::flowtable, .interfaces = {"no-such-one"}}, debian()).offload, Offload::mark);
}

}  // namespace
}  // namespace netscope::netfilter
