#include "netscope/policy/rule_set.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "netscope/policy/explain.h"
#include "unit/core/policy/naive_rules.h"

namespace {

std::atomic<long> allocations = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace netscope {
namespace {

const Catalogue& catalogue() {
  return Catalogue::built_in();
}

Policy policy(std::string_view toml) {
  const auto parsed = parse_policy(toml, "test.toml", catalogue());
  if (!parsed) ADD_FAILURE() << to_string(parsed.error().front());
  return parsed.value_or(Policy{});
}

RuleSet rules(std::string_view toml) {
  return RuleSet::compile(policy(toml), catalogue());
}

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

// A TLS connection of 192.168.20.5 to 198.51.100.1, port 443, of which no more than the SYN was seen.
Question tls_syn() {
  return {.ends = {.client = ip("192.168.20.5"),
                   .server = ip("198.51.100.1"),
                   .server_port = 443,
                   .ip_protocol = ip_protocol::tcp}};
}

// As RuleSet::name does, of any rules.
void show(Question& question, std::string_view name, NameSource source = NameSource::sni) {
  question.name = name;
  question.source = source;
  question.app = catalogue().find(name);
  question.category = catalogue().category_of(question.app);
}

Question tls_to(std::string_view name) {
  Question question = tls_syn();
  question.protocol = Protocol::tls;
  show(question, name);
  return question;
}

Question finally(Question question) {
  question.final = true;
  return question;
}

constexpr std::string_view kYouTube = R"(
[[rule]]
name = "no-youtube"
action = "drop"
app = ["youtube"]
)";

TEST(RuleSet, AcceptsWithoutRulesAndLeansOnNothing) {
  EXPECT_EQ(rules("").decide(tls_syn()), Decision{});
  EXPECT_FALSE(rules("").asks_for_names());
  EXPECT_EQ(rules("").unjudged(), Action::accept);
  EXPECT_EQ(rules("[policy]\ndefault = \"reject\"").decide(tls_syn()), Decision{.action = Action::reject});
}

TEST(RuleSet, WaitsForTheNameThatARuleAsksFor) {
  const RuleSet set = rules(kYouTube);
  EXPECT_TRUE(set.asks_for_names());
  EXPECT_EQ(set.unjudged(), Action::drop);
  EXPECT_EQ(rules("[policy]\nunjudged = 'accept'\n" + std::string(kYouTube)).unjudged(), Action::accept);
  EXPECT_EQ(set.decide(tls_syn()), std::nullopt);
  const Decision drop{.action = Action::drop, .rule = 0, .leaned_on_name = true};
  EXPECT_EQ(set.decide(tls_to("www.youtube.com")), drop);
  const Decision accept{.leaned_on_name = true};
  EXPECT_EQ(set.decide(tls_to("example.org")), accept);
  EXPECT_EQ(set.decide(finally(tls_syn())), accept);
  EXPECT_EQ(set.rule_name(0), "no-youtube");
  EXPECT_EQ(set.rule_name(kDefaultPolicy), "default");
}

TEST(RuleSet, AnAddressRuleAheadOfNamesDecidesAtTheFirstPacket) {
  const RuleSet set =
      rules(std::string("[[rule]]\nname='bad'\naction='drop'\nip=['198.51.100.0/24']\n") + std::string(kYouTube));
  EXPECT_EQ(set.decide(tls_syn()), (Decision{.action = Action::drop, .rule = 0}));
  Question elsewhere = tls_syn();
  elsewhere.ends.server = ip("192.0.2.1");
  EXPECT_EQ(set.decide(elsewhere), std::nullopt);
}

TEST(RuleSet, OnlyARuleThatMightAcceptHoldsBackABlockFurtherDown) {
  const std::string bad = "[[rule]]\nname='bad'\naction='drop'\nip=['198.51.100.0/24']\n";
  const auto by_name = [](std::string_view action) {
    return "[[rule]]\nname='" + std::string(action) + "'\naction='" + std::string(action) + "'\ndomain=['a.example']\n";
  };
  const Decision block{.action = Action::drop, .rule = 1, .leaned_on_name = true};
  for (const char* action : {"drop", "reject"})
    EXPECT_EQ(rules(by_name(action) + bad).decide(tls_syn()), block) << action;
  EXPECT_EQ(rules(by_name("log") + bad).decide(tls_syn()), (Decision{.action = Action::drop, .rule = 1}));
  EXPECT_EQ(rules(by_name("accept") + bad).decide(tls_syn()), std::nullopt);
  EXPECT_EQ(rules(by_name("accept") + bad).decide(finally(tls_syn())), block);
  EXPECT_EQ(rules(by_name("drop") + by_name("accept") + bad).decide(tls_syn()), std::nullopt);
  EXPECT_EQ(rules("[policy]\ndefault='drop'\n" + by_name("reject")).decide(tls_syn()),
            (Decision{.action = Action::drop, .leaned_on_name = true}));
  EXPECT_EQ(rules("[policy]\ndefault='drop'\n" + by_name("accept")).decide(tls_syn()), std::nullopt);
  EXPECT_EQ(rules(by_name("drop")).decide(tls_syn()), std::nullopt) << "the default accepts";
}

TEST(RuleSet, ANameRuleThatExcludesTheFlowOtherwiseIsNotWaitedFor) {
  const RuleSet set = rules("[[rule]]\nname='kids'\naction='reject'\ncategory=['games']\nsrc=['192.168.21.0/24']\n");
  EXPECT_EQ(set.decide(tls_syn()), Decision{});
  Question kid = tls_to("roblox.com");
  kid.ends.client = ip("192.168.21.9");
  EXPECT_EQ(set.decide(kid), (Decision{.action = Action::reject, .rule = 0, .leaned_on_name = true}));
}

TEST(RuleSet, AProtocolIsWaitedForAndThenExcludes) {
  const RuleSet set = rules("[[rule]]\nname='http'\naction='drop'\nproto=['http']\n");
  EXPECT_EQ(set.decide(tls_syn()), std::nullopt);
  EXPECT_EQ(set.decide(tls_to("a.example")), Decision{});
  EXPECT_EQ(set.decide(finally(tls_syn())), Decision{});
  Question http = tls_syn();
  http.protocol = Protocol::http;
  EXPECT_EQ(set.decide(http), (Decision{.action = Action::drop, .rule = 0}));
}

TEST(RuleSet, DomainsMatchOnLabelBoundaries) {
  const RuleSet set =
      rules("[[rule]]\nname='d'\naction='drop'\ndomain=['x.com', '=exact.example', '*.below.example']\n");
  const std::pair<const char*, bool> cases[] = {
      {"x.com", true},          {"www.x.com", true},         {"netflix.com", false},
      {"com", false},           {"exact.example", true},     {"www.exact.example", false},
      {"below.example", false}, {"www.below.example", true}, {"notbelow.example", false},
      {".x.com", true},         {"x.com.example", false}};
  for (const auto& [name, drops] : cases) EXPECT_EQ(set.decide(tls_to(name))->blocks(), drops) << name;
}

TEST(RuleSet, APortIsOneOfTcpOrUdp) {
  const RuleSet set = rules("[[rule]]\nname='p'\naction='drop'\nport=['400-450']\n");
  Question question = tls_syn();
  EXPECT_TRUE(set.decide(question)->blocks());
  question.ends.ip_protocol = ip_protocol::udp;
  EXPECT_TRUE(set.decide(question)->blocks());
  question.ends.ip_protocol = ip_protocol::icmp;
  EXPECT_FALSE(set.decide(question)->blocks());
}

TEST(RuleSet, ALogRuleHoldsBackAnAcceptanceButNoBlock) {
  const RuleSet accepting = rules("[[rule]]\nname='l'\naction='log'\napp=['YouTube']\n");
  EXPECT_EQ(accepting.decide(tls_syn()), std::nullopt);
  EXPECT_EQ(accepting.decide(tls_to("youtube.com")), Decision{.leaned_on_name = true});
  const RuleSet blocking = rules("[policy]\ndefault='drop'\n[[rule]]\nname='l'\naction='log'\napp=['YouTube']\n");
  EXPECT_EQ(blocking.decide(tls_syn()), Decision{.action = Action::drop});
}

TEST(RuleSet, CountsEachLogRuleAheadOfTheDecisionOnce) {
  const RuleSet set = rules(R"(
[[rule]]
name = "all"
action = "log"
[[rule]]
name = "twice"
action = "log"
domain = ["example.org", "www.example.org", "=www.example.org"]
ip = ["192.168.0.0/16", "192.168.20.0/24", "198.51.100.1"]
[[rule]]
name = "other"
action = "log"
app = ["TikTok"]
[[rule]]
name = "stop"
action = "accept"
[[rule]]
name = "behind"
action = "log"
)");
  std::array<std::uint64_t, 5> hits{};
  const Question question = tls_to("www.example.org");
  set.count_logged(question, *set.decide(question), hits);
  EXPECT_EQ(hits, (std::array<std::uint64_t, 5>{1, 1, 0, 0, 0}));
}

constexpr std::string_view kChrome = "t13d1516h2_8daaf6152771_e5627efa2ab1";

TEST(RuleSet, AFingerprintIsWaitedForWhereAHelloMayCome) {
  const RuleSet set = rules("[[rule]]\nname='chrome'\naction='drop'\nja4=['t13d1516h2_8daaf6152771']\n");
  EXPECT_TRUE(set.asks_for_ja4());
  EXPECT_TRUE(set.asks_for_names());
  EXPECT_EQ(set.decide(tls_syn()), std::nullopt);
  EXPECT_EQ(set.decide(tls_to("a.example")), std::nullopt);
  const Decision accept{.leaned_on_name = true}, drop{.action = Action::drop, .rule = 0, .leaned_on_name = true};
  EXPECT_EQ(set.decide(finally(tls_syn())), accept);
  Question hello = tls_to("a.example");
  hello.ja4 = kChrome;
  EXPECT_EQ(set.decide(hello), drop);
  hello.ja4 = "t13d1516h2_8daaf6152772_e5627efa2ab1";
  EXPECT_EQ(set.decide(hello), accept);
  Question dns = tls_to("a.example");
  dns.protocol = Protocol::dns;
  EXPECT_TRUE(set.decide(dns).has_value());
  EXPECT_FALSE(rules(kYouTube).asks_for_ja4());
}

TEST(RuleSet, AFingerprintAndANameAreBothAskedFor) {
  const RuleSet set = rules("[[rule]]\nname='x'\naction='reject'\nja4=['t13d1516h2']\ndomain=['a.example']\n");
  Question hello = tls_to("www.a.example");
  hello.ja4 = kChrome;
  EXPECT_EQ(set.decide(hello)->rule, 0u);
  Question other = tls_to("b.example");
  other.ja4 = kChrome;
  EXPECT_EQ(set.decide(other)->rule, kDefaultPolicy);
}

// --- Random policies, compiled against naive.

class RandomPolicies {
 public:
  explicit RandomPolicies(unsigned seed) : random_(seed) {}

  unsigned below(std::size_t limit) { return static_cast<unsigned>(random_() % limit); }
  template <class List>
  const auto& one_of(const List& list) {
    return list[below(std::size(list))];
  }

  // Few names, addresses and ports, so that rules meet.
  std::string name() {
    static constexpr std::string_view labels[] = {"a", "b", "www", "youtube", "x", "flix"};
    static constexpr std::string_view ends[] = {"com", "example", "youtube.com", "x.com", "netflix.com", "tiktok.com"};
    std::string text(one_of(ends));
    for (unsigned i = below(4); i > 0; --i) text = std::string(one_of(labels)) + "." + text;
    return text;
  }
  IpAddress address() {
    if (below(4) == 0) return IpAddress::parse("2001:db8::" + std::to_string(below(4))).value();
    return IpAddress::v4(0x0a000000 | below(4) << 8 | below(4));
  }
  IpPrefix prefix() {
    const IpAddress full = address();
    const unsigned bits = full.bit_count();
    for (unsigned length = bits - one_of(std::array{0u, 0u, 1u, 2u, 8u, 9u, 16u, bits});; ++length) {
      const auto parsed = IpPrefix::parse(to_string(full) + "/" + std::to_string(length));
      if (parsed) return *parsed;
    }
  }

  // As a file would have it.
  std::string rule(unsigned number) {
    static constexpr std::string_view protocols[] = {"tls", "http", "dns", "dot", "doh", "tcp", "udp", "icmp"};
    static constexpr std::string_view marks[] = {"", "=", "*."};
    const std::string action(to_string(static_cast<RuleAction>(below(4))));
    std::string text = "[[rule]]\nname = 'r" + std::to_string(number) + "'\naction = '" + action + "'\n";
    const auto some = [&] { return below(4) == 0 ? 1 + below(below(10) == 0 ? 30 : 3) : 0; };
    const auto add = [&](std::string_view key, unsigned count, auto value) {
      if (count == 0) return false;
      text += std::string(key) + " = [";
      for (unsigned i = 0; i < count; ++i) text += (i > 0 ? ", '" : "'") + std::string(value()) + "'";
      text += "]\n";
      return true;
    };
    const bool app = add("app", some(), [&] { return one_of(kApps); });
    const bool category = add("category", some(), [&] { return one_of(kCategories); });
    const bool domain = add("domain", some(), [&] { return std::string(one_of(marks)) + name(); });
    for (const std::string_view key : {"ip", "src", "dst"}) add(key, some(), [&] { return to_string(prefix()); });
    add("port", some(), [&] {
      const unsigned first = 1 + below(5);
      return std::to_string(first) + "-" + std::to_string(first + below(2));
    });
    add("proto", some(), [&] { return one_of(protocols); });
    if (below(6) == 0) add("ja4", 1, [&] { return one_of(kPatterns); });
    if (app || category || domain) {
      const unsigned sources = action == "accept" ? kNameSourceCount - 1 : kNameSourceCount;  // dns: cannot accept
      add("by", some(), [&] { return to_string(static_cast<NameSource>(below(sources))); });
    }
    return text;
  }

  Policy policy() {
    if (pool_.empty()) {  // files are slow to read
      std::string text;
      for (unsigned i = 0; i < 2'000; ++i) text += rule(i);
      pool_ = netscope::policy(text).rules;
    }
    Policy policy;
    for (unsigned i = below(30); i > 0; --i) policy.rules.push_back(one_of(pool_));
    policy.default_action = static_cast<Action>(below(3));
    return policy;
  }

  // `name` must outlive the question.
  Question question(const std::string& name) {
    static constexpr std::uint8_t transports[] = {ip_protocol::tcp, ip_protocol::udp, ip_protocol::icmp,
                                                  ip_protocol::icmp_v6, 47};
    Question question{.ends = {.client = address(),
                               .server = address(),
                               .server_port = static_cast<std::uint16_t>(below(7)),
                               .ip_protocol = one_of(transports)},
                      .protocol = static_cast<Protocol>(below(4)),
                      .final = below(3) == 0};
    if (below(3) != 0) show(question, name, source());
    if (below(4) == 0 && question.protocol == Protocol::tls)
      question.service = below(2) == 0 ? Protocol::dot : Protocol::doh;
    if (below(3) == 0) question.ja4 = one_of(kFingerprints);
    return question;
  }

 private:
  NameSource source() { return static_cast<NameSource>(below(kNameSourceCount)); }

  static constexpr std::string_view kApps[] = {"YouTube", "X", "Netflix", "TikTok"};
  static constexpr std::string_view kFingerprints[] = {"t13d1516h2_8daaf6152771_e5627efa2ab1",
                                                       "t13d1516h2_8daaf6152771_02713d6af862",
                                                       "q13d0310h3_55b375c5d22e_0a3b52e28cea"};
  static constexpr std::string_view kPatterns[] = {"t13d1516h2_8daaf6152771_e5627efa2ab1", "t13d1516h2_8daaf6152771",
                                                   "t13d1516h2", "q13d0310h3"};
  static constexpr std::string_view kCategories[] = {"video", "social", "games"};
  std::mt19937 random_;
  std::vector<Rule> pool_;
};

TEST(RuleSet, AgreesWithTheNaiveEvaluatorOnRandomPolicies) {
  RandomPolicies random(3);
  std::array<int, 4> seen{};  // not yet, accept, drop, reject
  for (int round = 0; round < 2'500; ++round) {
    const Policy policy = random.policy();
    const RuleSet set = RuleSet::compile(policy, catalogue());
    for (int i = 0; i < 20; ++i) {
      const std::string name = random.name();
      const Question question = random.question(name);
      const std::optional<Decision> decision = set.decide(question);
      ASSERT_EQ(decision, testing::decide(policy, catalogue(), question)) << round << " " << i;
      ++seen[decision ? 1 + static_cast<std::size_t>(decision->action) : 0];
      for (const Rule& rule : policy.rules) {
        ASSERT_EQ(static_cast<int>(holds(rule, question)),
                  static_cast<int>(testing::rule_answer(rule, question, catalogue())));
      }
      if (!decision) {
        ASSERT_FALSE(question.final);
        continue;
      }
      std::vector<std::uint64_t> hits(policy.rules.size()), expected(policy.rules.size());
      set.count_logged(question, *decision, hits);
      testing::count_logged(policy, catalogue(), question, *decision, expected);
      ASSERT_EQ(hits, expected) << round << " " << i;
    }
  }
  for (const int count : seen) EXPECT_GT(count, 2'000);
}

// What `leaned_on_name` promises, by trying other names.
TEST(RuleSet, WhatDidNotLeanOnTheNameHoldsForEveryName) {
  RandomPolicies random(4);
  int held = 0;
  for (int round = 0; round < 3'000; ++round) {
    const RuleSet set = RuleSet::compile(random.policy(), catalogue());
    for (int i = 0; i < 5; ++i) {
      const std::string name = random.name();
      Question question = random.question(name);
      const std::optional<Decision> decision = set.decide(question);
      if (!decision || decision->leaned_on_name) continue;
      ++held;
      for (int other = 0; other < 10; ++other) {
        const std::string later = random.name();
        show(question, later, question.source);
        if (!question.ja4.empty()) question.ja4 = "t12i000000_000000000000_000000000000";
        ASSERT_EQ(set.decide(question), decision);
      }
    }
  }
  EXPECT_GT(held, 1'000);
}

// Whatever a question lacks, the answer is one that no value of it contradicts.
TEST(RuleSet, WhatIsCertainDespiteMissingFactsIsRight) {
  RandomPolicies random(6);
  std::array<int, 3> seen{};  // no, unknown, yes
  for (int round = 0; round < 2'000; ++round) {
    const Policy policy = random.policy();
    const std::string name = random.name();
    Question whole = random.question(name);
    if (whole.source == NameSource::dns) whole.source = NameSource::sni;  // a name that the flow shows
    Question known = whole;
    known.missing = static_cast<std::uint8_t>(random.below(128));
    if (known.lacks(Known::client)) known.ends.client = {};
    if (known.lacks(Known::server)) known.ends.server = {};
    if (known.lacks(Known::port)) known.ends.server_port = 0;
    if (known.lacks(Known::transport)) known.ends.ip_protocol = 0;
    if (known.lacks(Known::protocol)) known.protocol = known.service = Protocol::unknown;
    if (known.lacks(Known::hello)) known.ja4 = {};
    if (known.lacks(Known::source)) known.source = NameSource::sni;
    for (const Rule& rule : policy.rules) {
      const Holds answer = holds(rule, known);
      ++seen[static_cast<std::size_t>(answer)];
      if (answer != Holds::unknown) {
        ASSERT_EQ(static_cast<int>(answer), static_cast<int>(holds(rule, whole))) << rule.name << " " << round;
      }
    }
  }
  for (const int count : seen) EXPECT_GT(count, 500);
}

TEST(RuleSet, DecidesWithoutAllocating) {
  RandomPolicies random(5);
  for (int round = 0; round < 200; ++round) {
    const RuleSet set = RuleSet::compile(random.policy(), catalogue());
    std::vector<std::uint64_t> hits(set.rules().size());
    const std::string name = random.name();
    const Question question = random.question(name);
    const long before = allocations;
    const std::optional<Decision> decision = set.decide(question);
    if (decision) set.count_logged(question, *decision, hits);
    ASSERT_EQ(allocations, before);
  }
}

}  // namespace
}  // namespace netscope
