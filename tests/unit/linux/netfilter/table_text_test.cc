// The kernel's rules as text.

#include "linux/netfilter/iptables_text.h"
#include "linux/netfilter/nft_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/dpi/quic_versions.h"
#include "linux/netfilter/text.h"
#include "support/project_file.h"

namespace netscope::netfilter {
namespace {

TableSettings four_queues() {
  return {.queues = {.first = 0, .last = 3}};
}

std::string nft_of(const TableSettings& settings) {
  return nft_table(settings);
}

bool has_line(const std::string& text, std::string_view line) {
  std::istringstream lines(text);
  std::string one;
  while (std::getline(lines, one)) {
    const std::size_t begin = one.find_first_not_of(' ');
    if (begin != std::string::npos && one.substr(begin) == line) return true;
  }
  return false;
}

TEST(NftTable, IsTheFileThatAdministratorsLoad) {
  std::ifstream file(test::project_file("nft/netscope.nft"));
  std::ostringstream text;
  text << file.rdbuf();
  const std::string written = text.str();
  const std::size_t begin = written.find("# netscope-nfq: ");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(written.substr(begin), nft_of(four_queues())) << "nft/netscope.nft is not what --print-nft prints";
}

TEST(NftTable, SpreadsAsTheFanoutSays) {
  TableSettings settings = four_queues();
  EXPECT_TRUE(has_line(nft_of(settings), "queue flags bypass to symhash mod 4"));
  EXPECT_TRUE(has_line(nft_of(settings), "udp sport 443 queue flags bypass to 0-3"));
  EXPECT_TRUE(has_line(nft_of(settings), "udp dport 443 queue flags bypass to 0-3"));
  settings.queues = {.first = 8, .last = 11};
  EXPECT_TRUE(has_line(nft_of(settings), "queue flags bypass to symhash mod 4 offset 8"));
  settings.live.fanout = Fanout::address;
  EXPECT_TRUE(has_line(nft_of(settings), "queue flags bypass to 8-11"));
  settings.live.fanout = Fanout::cpu;
  EXPECT_TRUE(has_line(nft_of(settings), "queue flags bypass,fanout to 8-11"));
  settings.bypass = false;
  EXPECT_TRUE(has_line(nft_of(settings), "queue flags fanout to 8-11"));
  settings.queues = {.first = 5, .last = 5};
  for (const Fanout fanout : kFanouts) {
    settings.live.fanout = fanout;
    EXPECT_TRUE(has_line(nft_of(settings), "queue to 5"));
  }
}

TEST(NftTable, CountsWhatItSendsToTheQueues) {
  for (const Offload offload : kOffloads) {
    TableSettings settings = four_queues();
    settings.live.offload = offload;
    const std::string text = nft_of(settings);
    const std::size_t counted = text.find("counter name queued\n");
    ASSERT_NE(counted, std::string::npos);
    EXPECT_LT(counted, text.find(" queue flags ")) << "a queue stands ahead of the counter";
    EXPECT_LT(text.find("chain to_queue {"), counted);
  }
}

TEST(NftTable, NeverFiltersTheLoopback) {
  TableSettings settings = four_queues();
  settings.live.hooks = {Hook::input, Hook::output};
  const std::string text = nft_of(settings);
  EXPECT_TRUE(has_line(text, "iifname \"lo\" accept"));
  EXPECT_TRUE(has_line(text, "oifname \"lo\" accept"));
  EXPECT_TRUE(has_line(text, "type filter hook input priority mangle; policy accept;"));
  EXPECT_TRUE(has_line(text, "type filter hook output priority mangle + 1; policy accept;"));
  EXPECT_EQ(text.find("hook forward"), std::string::npos);
}

TEST(NftTable, LeavesAloneWhatIsExcluded) {
  TableSettings settings = four_queues();
  settings.live.interfaces = {"br-lan", "ppp*"};
  settings.live.excluded_interfaces = {"wg0"};
  settings.live.excluded_addresses = {*IpPrefix::parse("192.0.2.0/24"), *IpPrefix::parse("2001:db8::/32"),
                                      *IpPrefix::parse("198.51.100.7")};
  const std::string text = nft_of(settings);
  EXPECT_TRUE(has_line(text, "elements = { 192.0.2.0/24, 198.51.100.7/32 }")) << text;
  EXPECT_TRUE(has_line(text, "elements = { 2001:db8::/32 }"));
  EXPECT_TRUE(has_line(text, "iifname { \"wg0\" } accept"));
  EXPECT_TRUE(has_line(text, "oifname { \"wg0\" } accept"));
  EXPECT_TRUE(has_line(text, "iifname != { \"br-lan\", \"ppp*\" } oifname != { \"br-lan\", \"ppp*\" } accept"));
  EXPECT_TRUE(has_line(text, "ip6 daddr @excluded6 accept"));
  EXPECT_EQ(nft_of(four_queues()).find("excluded"), std::string::npos);
}

TEST(NftTable, TouchesOnlyTheBitsOfItsMask) {
  TableSettings settings = four_queues();
  settings.live.marks = {.mask = 0x00000700};
  const std::string text = nft_of(settings);
  EXPECT_TRUE(has_line(text, "ct mark & 0x00000700 == 0x00000100 counter name passed accept"));
  EXPECT_TRUE(has_line(
      text,
      "meta mark & 0x00000700 == 0x00000200 ct mark set ct mark & 0xfffff8ff | 0x00000200 counter name stopped drop"));
  EXPECT_TRUE(has_line(text, "meta mark set meta mark & 0xfffff8ff"));
  EXPECT_EQ(text.find("& 0xff000000"), std::string::npos);
}

TEST(NftTable, WithoutOffloadNoConnectionIsMarked) {
  TableSettings settings = four_queues();
  settings.live.offload = Offload::off;
  const std::string text = nft_of(settings);
  EXPECT_EQ(text.find("ct mark"), std::string::npos);
  EXPECT_TRUE(has_line(text, "meta mark & 0xff000000 == 0x04000000 goto answer"));
}

TEST(NftTable, PutsAcceptedFlowsIntoTheFlowTableOfTheForwardHookAlone) {
  TableSettings settings = four_queues();
  settings.live.offload = Offload::flowtable;
  settings.live.hooks = {Hook::forward, Hook::input};
  settings.flow_devices = {"lan", "wan"};
  const std::string text = nft_of(settings);
  EXPECT_TRUE(has_line(text, "devices = { \"lan\", \"wan\" }"));
  const std::string line = "flow add @accepted";
  EXPECT_NE(text.find(line), std::string::npos);
  EXPECT_EQ(text.find(line), text.rfind(line));
}

std::string iptables_of(const TableSettings& settings, IpVersion version = IpVersion::v4) {
  return iptables_rules(settings, version, {});
}

TEST(Iptables, SaysTheSameAsTheTable) {
  EXPECT_EQ(iptables_of(four_queues()), R"(*mangle
:NETSCOPE - [0:0]
:NETSCOPE-JUDGE - [0:0]
:NETSCOPE-VERDICT - [0:0]
:NETSCOPE-LEAVE - [0:0]
-A NETSCOPE -g NETSCOPE-JUDGE
-A NETSCOPE-JUDGE -m mark ! --mark 0x00000000/0xff000000 -m mark --mark 0x00000000/0xf8000000 -g NETSCOPE-VERDICT
-A NETSCOPE-JUDGE -m mark ! --mark 0x00000000/0xff000000 -j MARK --set-xmark 0x00000000/0xff000000
-A NETSCOPE-JUDGE -p tcp --tcp-flags SYN SYN -j TCPOPTSTRIP --strip-options 30
-A NETSCOPE-JUDGE -p tcp --tcp-flags SYN SYN -j NFQUEUE --queue-balance 0:3 --queue-bypass
-A NETSCOPE-JUDGE -p udp -m length --length 1228: -m u32 --u32 "0>>22&0x3c@8>>30=3&&0>>22&0x3c@9=0x00000001,)"
                                        R"(0x51303000:0x5130ffff,0x54303000:0x5430ffff,0x6b3343cf,0x709a50c4,)"
                                        R"(0xfaceb000:0xfaceb0ff,0xfacefeed,0xff000000:0xff0000ff" )"
                                        R"(-j NFQUEUE --queue-balance 0:3 --queue-bypass
-A NETSCOPE-JUDGE -m connmark --mark 0x01000000/0xff000000 -j RETURN
-A NETSCOPE-JUDGE -m connmark --mark 0x02000000/0xff000000 -j DROP
-A NETSCOPE-JUDGE -m connmark --mark 0x03000000/0xff000000 -j MARK --set-xmark 0x03000000/0xff000000
-A NETSCOPE-JUDGE -m mark --mark 0x03000000/0xff000000 -j RETURN
-A NETSCOPE-JUDGE -j NFQUEUE --queue-balance 0:3 --queue-bypass
-A NETSCOPE-VERDICT -m mark --mark 0x05000000/0xff000000 -j CONNMARK --set-xmark 0x00000000/0xff000000
-A NETSCOPE-VERDICT -m mark --mark 0x01000000/0xff000000 -j CONNMARK --save-mark --nfmask 0xff000000 --ctmask 0xff000000
-A NETSCOPE-VERDICT -m mark --mark 0x02000000/0xff000000 -j CONNMARK --save-mark --nfmask 0xff000000 --ctmask 0xff000000
-A NETSCOPE-VERDICT -m mark --mark 0x03000000/0xff000000 -j CONNMARK --save-mark --nfmask 0xff000000 --ctmask 0xff000000
-A NETSCOPE-VERDICT -m mark --mark 0x02000000/0xff000000 -j DROP
-A NETSCOPE-VERDICT -m mark --mark 0x03000000/0xff000000 -j RETURN
-A NETSCOPE-VERDICT -m mark --mark 0x04000000/0xff000000 -j RETURN
-A NETSCOPE-VERDICT -m mark --mark 0x01000000/0xff000000 -j MARK --set-xmark 0x00000000/0xff000000
-A NETSCOPE-VERDICT -m mark --mark 0x05000000/0xff000000 -j MARK --set-xmark 0x00000000/0xff000000
-A NETSCOPE-VERDICT -m mark --mark 0x06000000/0xff000000 -j MARK --set-xmark 0x00000000/0xff000000
-A NETSCOPE-VERDICT -m mark --mark 0x00000000/0xff000000 -j RETURN
-A NETSCOPE-VERDICT -j MARK --set-xmark 0x00000000/0xff000000
-A NETSCOPE-VERDICT -j NFQUEUE --queue-balance 0:3 --queue-bypass
-A NETSCOPE-LEAVE -m mark --mark 0x03000000/0xff000000 -j DROP
-A NETSCOPE-LEAVE -m mark --mark 0x04000000/0xff000000 -j DROP
-I FORWARD -j NETSCOPE
-I POSTROUTING -j NETSCOPE-LEAVE
COMMIT
*filter
:NETSCOPE-REJECT - [0:0]
:NETSCOPE-ANSWER - [0:0]
-A NETSCOPE-REJECT -m mark --mark 0x03000000/0xff000000 -g NETSCOPE-ANSWER
-A NETSCOPE-REJECT -m mark --mark 0x04000000/0xff000000 -g NETSCOPE-ANSWER
-A NETSCOPE-ANSWER -p tcp -j REJECT --reject-with tcp-reset
-A NETSCOPE-ANSWER -j REJECT --reject-with icmp-admin-prohibited
-I FORWARD -j NETSCOPE-REJECT
COMMIT
)");
}

TEST(Iptables, DoesWithoutWhatTheKernelLacks) {
  TableSettings settings = four_queues();
  settings.sees_initials = settings.strips_mptcp = false;
  EXPECT_EQ(iptables_of(settings).find("u32"), std::string::npos);
  EXPECT_EQ(iptables_of(settings).find("TCPOPTSTRIP"), std::string::npos);
  EXPECT_EQ(nft_of(settings).find("mptcp"), std::string::npos);
}

TEST(Iptables, ReadsInitialsBehindTheHeaderOfIpv6) {
  const std::string v6 = iptables_of(four_queues(), IpVersion::v6);
  EXPECT_TRUE(has_line(v6,
                       "-A NETSCOPE-JUDGE -p udp -m u32 --u32 \"3&0xff=0:16,18:255\" -j NFQUEUE --queue-balance 0:3 "
                       "--queue-bypass"))
      << v6;
  EXPECT_NE(v6.find("-m length --length 1248: -m u32 --u32 \"48>>30=3&&49=0x00000001,"), std::string::npos) << v6;
}

TEST(QuicVersions, AreThoseThatCanBeRead) {
  std::vector<std::uint32_t> readable;
  for (const auto& [first, last] : kQuicVersions) {
    for (std::uint64_t version = first; version <= last; ++version) {
      if (quic::find_version(static_cast<std::uint32_t>(version)) != nullptr) {
        readable.push_back(static_cast<std::uint32_t>(version));
      }
    }
  }
  std::ranges::sort(readable);
  EXPECT_EQ(readable.size(), quic::known_versions());
}

TEST(Iptables, KnowsItsFamilyAndItsQueues) {
  TableSettings settings{.queues = {.first = 7, .last = 7}, .bypass = false};
  settings.live.excluded_addresses = {*IpPrefix::parse("192.0.2.0/24"), *IpPrefix::parse("2001:db8::/32")};
  settings.live.interfaces = {"ppp*"};
  const std::string v6 = iptables_of(settings, IpVersion::v6);
  EXPECT_TRUE(has_line(v6, "-A NETSCOPE-JUDGE -j NFQUEUE --queue-num 7"));
  EXPECT_TRUE(has_line(v6, "-A NETSCOPE -s 2001:db8::/32 -j RETURN"));
  EXPECT_TRUE(has_line(v6, "-A NETSCOPE -o ppp+ -g NETSCOPE-JUDGE"));
  EXPECT_TRUE(has_line(v6, "-A NETSCOPE-ANSWER -j REJECT --reject-with icmp6-adm-prohibited"));
  EXPECT_EQ(v6.find("192.0.2.0"), std::string::npos);
  settings.queues = {.first = 0, .last = 1};
  settings.live.fanout = Fanout::cpu;
  EXPECT_TRUE(has_line(iptables_of(settings), "-A NETSCOPE-JUDGE -j NFQUEUE --queue-balance 0:1 --queue-cpu-fanout"));
}

constexpr std::string_view kLeftOver = R"(# Generated by iptables-save
*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:NETSCOPE - [0:0]
:NETSCOPE-JUDGE - [0:0]
-A FORWARD -j NETSCOPE
-A FORWARD -s 10.0.0.0/8 -j OTHER
-A NETSCOPE -g NETSCOPE-JUDGE
COMMIT
*filter
:FORWARD ACCEPT [0:0]
:NETSCOPE-REJECT - [0:0]
-A INPUT -j NETSCOPE-REJECT
COMMIT
)";

TEST(Iptables, ReplacesWhatARunBeforeLeft) {
  const auto jumps = iptables_jumps(kLeftOver);
  ASSERT_EQ(jumps.size(), 2u);
  EXPECT_EQ(jumps[1].table, "filter");
  const std::string text = iptables_rules(four_queues(), IpVersion::v4, jumps);
  EXPECT_TRUE(has_line(text, "-D FORWARD -j NETSCOPE"));
  EXPECT_TRUE(has_line(text, "-D INPUT -j NETSCOPE-REJECT"));
  EXPECT_LT(text.find("-D INPUT"), text.find("-I FORWARD -j NETSCOPE-REJECT"));
}

TEST(Iptables, CountsTheRulesThatStandBesideItsOwn) {
  constexpr std::array kForward{Hook::forward}, kOutput{Hook::output};
  constexpr std::string_view kListing =
      "*mangle\n:FORWARD ACCEPT [0:0]\n[1:2] -A FORWARD -j NETSCOPE\n"
      "[0:0] -A FORWARD -p tcp -j TCPMSS --set-mss 1200\n-A PREROUTING -j OTHER\n-A OTHER -j RETURN\n"
      "COMMIT\n*filter\n-A FORWARD -j ACCEPT\nCOMMIT\n";
  EXPECT_EQ(iptables_neighbours(kListing, kForward), 1u);
  EXPECT_EQ(iptables_neighbours(kListing, kOutput), 0u);
  EXPECT_EQ(iptables_neighbours(kLeftOver, kForward), 1u) << "-s 10.0.0.0/8 -j OTHER";
}

TEST(Iptables, KnowsItsJumpsBesideTheirCounters) {
  const auto jumps = iptables_jumps("*mangle\n[12:3456] -A FORWARD -j NETSCOPE\n[0:0] -A FORWARD -j OTHER\nCOMMIT\n");
  ASSERT_EQ(jumps.size(), 1u);
  EXPECT_EQ(jumps[0].rule, "-A FORWARD -j NETSCOPE");
}

// What iptables-save shows of our jumps, with `rules` ahead of them in FORWARD and POSTROUTING.
std::string mangle_with(const std::string& rules, const std::string& chains = "") {
  return "*mangle\n:FORWARD ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:OTHER - [0:0]\n:EMPTY - [0:0]\n" + chains +
         rules + "[7:8] -A FORWARD -j NETSCOPE\n-A FORWARD -j ACCEPT\n-A POSTROUTING -j NETSCOPE-LEAVE\nCOMMIT\n";
}

TEST(Iptables, SeesWhatEndsAPacketsWayAheadOfItsChains) {
  constexpr std::array kForward{Hook::forward};
  for (const char* rule : {"-A FORWARD -j ACCEPT", "-A FORWARD -i eth0 -j DROP",
                           "-A FORWARD -p tcp -j NFQUEUE --queue-num 9", "-A FORWARD -s 10.0.0.0/8 -j RETURN",
                           "-A FORWARD -g EMPTY", "-A FORWARD -j OTHER", "-A FORWARD -j NEWER_TARGET",
                           "-A FORWARD -m comment --comment \"as -j MARK\" -j ACCEPT", "-A POSTROUTING -j ACCEPT"}) {
    const std::string listing = mangle_with(std::string(rule) + "\n", "-A OTHER -j MORE\n-A MORE -p udp -j ACCEPT\n");
    EXPECT_EQ(iptables_ahead(listing, kForward), (std::vector<IptablesRule>{{"mangle", rule}}));
    const bool leaves = std::string_view(rule).starts_with("-A POSTROUTING");
    EXPECT_EQ(iptables_to_front(listing, kForward),
              leaves ? "*mangle\n-D POSTROUTING -j NETSCOPE-LEAVE\n-I POSTROUTING -j NETSCOPE-LEAVE\nCOMMIT\n"
                     : "*mangle\n-D FORWARD -j NETSCOPE\n-I FORWARD -j NETSCOPE\nCOMMIT\n");
  }
}

TEST(Iptables, LeavesItsPlaceToRulesThatEndNothing) {
  constexpr std::array kForward{Hook::forward};
  for (const char* rules :
       {"", "-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu\n",
        "-A FORWARD -j MARK --set-xmark 0x1/0xff\n[1:2] -A FORWARD -i eth0\n",
        "-A FORWARD -j OTHER\n-A FORWARD -j EMPTY\n", "-A INPUT -j ACCEPT\n-A PREROUTING -j ACCEPT\n"}) {
    const std::string listing =
        mangle_with(rules, "-A OTHER -j RETURN\n-A OTHER -j CONNMARK --save-mark\n-A OTHER -j OTHER\n");
    EXPECT_TRUE(iptables_ahead(listing, kForward).empty()) << rules;
    EXPECT_EQ(iptables_to_front(listing, kForward), "") << rules;
  }
  EXPECT_TRUE(iptables_ahead("*filter\n-A FORWARD -j ACCEPT\n-A FORWARD -j NETSCOPE\nCOMMIT\n", kForward).empty());
  EXPECT_TRUE(iptables_ahead("*mangle\n-A FORWARD -j ACCEPT\nCOMMIT\n", kForward).empty()) << "ours is not there";
}

TEST(Iptables, IsWholeWithEachJumpAndEachRule) {
  const TableSettings settings = four_queues();
  const std::string installed = iptables_rules(settings, IpVersion::v4, {});
  std::string listing = installed;  // as iptables-save shows it: jumps are added, not inserted
  for (std::size_t at = 0; (at = listing.find("-I ", at)) != std::string::npos;) listing.replace(at, 2, "-A");
  EXPECT_TRUE(iptables_is_whole(listing, settings, installed));
  std::istringstream lines(listing);
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.starts_with("-A ")) continue;
    std::string without = listing;
    without.erase(without.find(line + "\n"), line.size() + 1);
    EXPECT_FALSE(iptables_is_whole(without, settings, installed)) << line;
    if (line.starts_with("-A FORWARD ")) {
      EXPECT_FALSE(iptables_is_whole(without + "*mangle\n-A FORWARD -i eth0 -j NETSCOPE\n", settings, installed))
          << line;
    }
  }
}

TEST(Iptables, RemovesWhatIsThereAndNothingElse) {
  EXPECT_EQ(iptables_removal(kLeftOver), R"(*mangle
-D FORWARD -j NETSCOPE
-F NETSCOPE
-F NETSCOPE-JUDGE
-X NETSCOPE
-X NETSCOPE-JUDGE
COMMIT
*filter
-D INPUT -j NETSCOPE-REJECT
-F NETSCOPE-REJECT
-X NETSCOPE-REJECT
COMMIT
)");
  EXPECT_EQ(iptables_removal("*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j OTHER\nCOMMIT\n"), "");
  EXPECT_EQ(iptables_removal(""), "");
}

}  // namespace
}  // namespace netscope::netfilter
