#include "netscope/flow/learned_names.h"

#include <gtest/gtest.h>

#include <string>

namespace netscope {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{1'700'000'000s};

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}
IpAddress numbered_address(std::size_t i) {
  return IpAddress::v4(static_cast<std::uint32_t>(0x0a000000 + i));
}

struct Told {
  IpAddress client = ip("192.168.1.20");
  IpAddress server = ip("203.0.113.9");
  std::string name = "www.example.org";
  Time at = kNow;
  Duration life = 60s;
  std::uint64_t number = 10;
};
void tell(LearnedNames& names, const Told& told) {
  names.add({.client = told.client,
             .names = {told.name},
             .addresses = {{told.server, told.at + told.life}},
             .learned = told.at},
            told.number);
}

struct Asked {
  IpAddress client = ip("192.168.1.20");
  IpAddress server = ip("203.0.113.9");
  Time at = kNow + 1s;
  std::uint64_t number = 11;
};
std::string names_for(const LearnedNames& names, const Asked& asked = {}) {
  std::string out;
  names.for_each(asked.client, asked.server, asked.at, asked.number,
                 [&](const auto& list) { out += (out.empty() ? "" : " ") + list.front(); });
  return out;
}

TEST(LearnedNames, AreForOneClientAndOneAddress) {
  LearnedNames names(1);
  EXPECT_TRUE(names.empty());
  tell(names, {});
  EXPECT_EQ(names_for(names), "www.example.org");
  EXPECT_EQ(names_for(names, {.client = ip("192.168.1.21")}), "");
  EXPECT_EQ(names_for(names, {.server = ip("203.0.113.10")}), "");
}

TEST(LearnedNames, LiveAsLongAsTheAnswerAndOnlyForLaterPackets) {
  LearnedNames names(1);
  tell(names, {});
  EXPECT_EQ(names_for(names, {.at = kNow + 59s}), "www.example.org");
  EXPECT_EQ(names_for(names, {.at = kNow + 60s}), "");
  EXPECT_EQ(names_for(names, {.number = 10}), "");
}

TEST(LearnedNames, SeveralNamesOfOneAddressStandSideBySideTheNewestLast) {
  LearnedNames names(1);
  tell(names, {.name = "a.example"});
  tell(names, {.name = "b.example"});
  tell(names, {.name = "a.example", .number = 12});
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(names_for(names, {.number = 13}), "b.example a.example");
  EXPECT_EQ(names_for(names, {.number = 11}), "b.example a.example");  // it was known all the while
}

TEST(LearnedNames, ANameThatHadDiedDoesNotComeBackForOlderFlows) {
  LearnedNames names(1);
  tell(names, {});
  tell(names, {.at = kNow + 70s, .number = 20});
  EXPECT_EQ(names_for(names, {.at = kNow + 65s, .number = 15}), "");
  EXPECT_EQ(names_for(names, {.at = kNow + 75s, .number = 25}), "www.example.org");
}

TEST(LearnedNames, TooManyAnswersForOneAddressPushTheOldestOut) {
  LearnedNames names(1);
  for (std::size_t i = 0; i < kMaxAnswersPerAddress; ++i) tell(names, {.name = "n" + std::to_string(i)});
  EXPECT_TRUE(names_for(names).starts_with("n0 "));
  tell(names, {.name = "last"});
  EXPECT_TRUE(names_for(names).starts_with("n1 "));
  EXPECT_EQ(names.size(), kMaxAnswersPerAddress);
}

TEST(LearnedNames, AClientThatAsksForMuchPushesOutItsOwn) {
  LearnedNames names(1);
  tell(names, {.client = ip("192.168.1.99")});
  for (std::size_t i = 0; i < kMaxLearnedPerClient; ++i) tell(names, {.server = numbered_address(i)});
  EXPECT_EQ(names_for(names, {.server = numbered_address(0)}), "www.example.org");
  tell(names, {.server = numbered_address(kMaxLearnedPerClient)});
  EXPECT_EQ(names_for(names, {.server = numbered_address(0)}), "");
  EXPECT_EQ(names_for(names, {.server = numbered_address(1)}), "www.example.org");
  EXPECT_EQ(names_for(names, {.client = ip("192.168.1.99")}), "www.example.org");
  EXPECT_EQ(names.size(), kMaxLearnedPerClient + 1);
}

TEST(LearnedNames, OfTooManyClientsTheSilentOneLoses) {
  LearnedNames names(1);
  for (std::size_t i = 0; i < kMaxLearned; ++i) tell(names, {.client = numbered_address(i)});
  tell(names, {.client = numbered_address(0), .name = "again"});  // one more; the second client is silent for longest
  EXPECT_EQ(names.size(), kMaxLearned);
  EXPECT_EQ(names_for(names, {.client = numbered_address(0)}), "www.example.org again");
  EXPECT_EQ(names_for(names, {.client = numbered_address(1)}), "");
  EXPECT_EQ(names_for(names, {.client = numbered_address(2)}), "www.example.org");
}

// --- one device at several addresses

constexpr LinkAddress kDevice{{2, 0, 0, 0, 0, 1}}, kOtherDevice{{2, 0, 0, 0, 0, 2}};

IpAddress v6(std::size_t i) {
  return ip("2001:db8::" + std::to_string(i + 1));
}
void tell_device(LearnedNames& names, const IpAddress& client, Time at = kNow, const LinkAddress& device = kDevice) {
  names.add({.client = client,
             .device = device,
             .names = {"www.example.org"},
             .addresses = {{ip("203.0.113.9"), at + 60s}},
             .learned = at},
            10);
}
// How many answers it was given at other addresses than this one.
int elsewhere(const LearnedNames& names, const IpAddress& client, Time at = kNow + 1s,
              const LinkAddress& device = kDevice) {
  int count = 0;
  names.for_each_elsewhere(device, client, ip("203.0.113.9"), at, 11, [&](const auto&) { ++count; });
  return count;
}

TEST(LearnedNames, OfADeviceAreThoseOfItsOtherAddresses) {
  LearnedNames names(1);
  tell_device(names, ip("192.168.1.20"));
  tell_device(names, v6(0));
  EXPECT_EQ(elsewhere(names, v6(1)), 2);
  EXPECT_EQ(elsewhere(names, v6(0)), 1);
  EXPECT_EQ(elsewhere(names, v6(1), kNow + 61s), 0);
  EXPECT_EQ(elsewhere(names, v6(1), kNow + 1s, kOtherDevice), 0);
  EXPECT_EQ(elsewhere(names, v6(1), kNow + 1s, {}), 0);
  tell_device(names, v6(0), kNow, kOtherDevice);  // the address is another device's now
  EXPECT_EQ(elsewhere(names, v6(1)), 1);
  EXPECT_EQ(elsewhere(names, v6(1), kNow + 1s, kOtherDevice), 1);
}

TEST(LearnedNames, OfNobodyKnownAreNobodys) {
  LearnedNames names(1);
  tell_device(names, ip("192.168.1.20"), kNow, {});
  EXPECT_EQ(elsewhere(names, v6(1), kNow + 1s, {}), 0);
}

TEST(LearnedNames, WhoAsksFromTooManyAddressesIsARouterForADay) {
  LearnedNames names(1);
  for (std::size_t i = 0; i < kMaxAddressesPerDevice; ++i) tell_device(names, v6(i));
  EXPECT_EQ(elsewhere(names, ip("192.168.1.20")), static_cast<int>(kMaxAddressesPerDevice));
  tell_device(names, v6(kMaxAddressesPerDevice));
  EXPECT_EQ(elsewhere(names, ip("192.168.1.20")), 0);
  tell_device(names, v6(0), kNow + kLongestAnswer);
  EXPECT_EQ(elsewhere(names, ip("192.168.1.20"), kNow + kLongestAnswer - 1s), 0);
  EXPECT_EQ(elsewhere(names, ip("192.168.1.20"), kNow + kLongestAnswer + 1s), 1);
}

TEST(LearnedNames, WhoAsksFromTwoAddressesOfVersion4IsARouter) {
  LearnedNames names(1);
  tell_device(names, ip("192.168.1.20"));
  tell_device(names, ip("192.168.1.21"));
  EXPECT_EQ(elsewhere(names, v6(0)), 0);
  LearnedNames renumbered(1);
  tell_device(renumbered, ip("192.168.1.20"));
  tell_device(renumbered, ip("192.168.1.21"), kNow + kLongestAnswer + 1s);
  EXPECT_EQ(elsewhere(renumbered, v6(0), kNow + kLongestAnswer + 2s), 1);
}

TEST(LearnedNames, ADeviceIsForgottenWithItsAddresses) {
  LearnedNames names(1);
  tell_device(names, v6(0));
  for (std::size_t i = 0; i < kMaxLearned; ++i) tell(names, {.client = numbered_address(i)});
  EXPECT_EQ(elsewhere(names, v6(1)), 0);
  tell_device(names, v6(2));
  EXPECT_EQ(elsewhere(names, v6(1)), 1);
}

}  // namespace
}  // namespace netscope
