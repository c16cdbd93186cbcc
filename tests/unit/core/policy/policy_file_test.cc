#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "core/policy/toml/toml_reader.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/explain.h"
#include "netscope/policy/policy.h"
#include "support/project_file.h"

namespace netscope {
namespace {

std::expected<Policy, std::vector<Error>> parse(std::string_view toml) {
  return parse_policy(toml, "r.toml", Catalogue::built_in());
}

// All errors, a line each; "none" when there is no error.
std::string errors_of(std::string_view toml) {
  const auto policy = parse(toml);
  if (policy) return "none";
  std::string text;
  for (const Error& error : policy.error()) text += to_string(error) + "\n";
  return text;
}

// The error of a rule that has one more line, which is line 4.
std::string error_of_line(const std::string& line) {
  return errors_of("[[rule]]\nname = \"r\"\naction = \"drop\"\n" + line + "\n");
}

TEST(RuleFile, ReadsEveryKey) {
  const auto policy = parse(R"(
[policy]
default = "reject"
overload = "drop"
unparsed = "drop"
unjudged = "accept"
ech = "reject"
https_records = "drop"

[[rule]]
name = "homework"
action = "reject"
app = ["youtube", "TikTok"]
category = ["Social"]
src = ["192.168.20.0/24"]
by = ["sni", "DNS"]

[[rule]]
name = "rest"
action = "log"
domain = ["Facebook.com.", "*.doubleclick.net", "=exact.example.org"]
ip = ["10.0.0.5", "2001:db8::/32"]
dst = ["198.51.100.7"]
port = [443, "8000-8100", "53"]
proto = ["tcp", "UDP", "icmp", "tls"]
)");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->default_action, Action::reject);
  EXPECT_EQ(policy->overload, Action::drop);
  EXPECT_EQ(policy->unparsed, Action::drop);
  EXPECT_EQ(policy->unjudged, Action::accept);
  EXPECT_EQ(policy->ech, Action::reject);
  EXPECT_EQ(policy->https_records, Action::drop);
  ASSERT_EQ(policy->rules.size(), 2u);
  const Rule& homework = policy->rules[0];
  EXPECT_EQ(homework.action, RuleAction::reject);
  EXPECT_EQ(condition_texts(homework),
            (std::vector<std::string>{"app YouTube, TikTok", "category social", "by sni, dns", "src 192.168.20.0/24"}));
  const Rule& rest = policy->rules[1];
  EXPECT_EQ(rest.action, RuleAction::log);
  EXPECT_EQ(condition_texts(rest),
            (std::vector<std::string>{"domain facebook.com, *.doubleclick.net, =exact.example.org",
                                      "ip 10.0.0.5/32, 2001:db8::/32", "dst 198.51.100.7/32", "port 443, 8000-8100, 53",
                                      "proto tcp, udp, icmp, tls"}));
}

TEST(RuleFile, AcceptsByDefaultAndARuleWithoutConditions) {
  const auto policy = parse("[[rule]]\nname = \"all\"\naction = \"drop\"\n");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->default_action, Action::accept);
  EXPECT_EQ(policy->overload, Action::accept);
  EXPECT_EQ(policy->unparsed, Action::accept);
  EXPECT_EQ(policy->unjudged, std::nullopt);
  EXPECT_EQ(policy->ech, Action::accept);
  EXPECT_EQ(policy->https_records, Action::accept);
  EXPECT_TRUE(condition_texts(policy->rules.at(0)).empty());
  EXPECT_EQ(errors_of(""), "none");
}

TEST(RuleFile, NamesThePlaceTheTextAndTheNearMiss) {
  const std::pair<const char*, const char*> cases[] = {
      {"app = [\"YouTub\"]",
       "8: unknown application \"YouTub\"; did you mean \"YouTube\"? (--list-apps shows them all)"},
      {"app = [\"zzzzzzzz\"]", "8: unknown application \"zzzzzzzz\" (--list-apps shows them all)"},
      {"app = [\"social\"]", "8: unknown application \"social\"; it is a category: write category = [\"social\"]"},
      {"category = [\"soical\"]",
       "13: unknown category \"soical\"; did you mean \"social\"? (--list-apps shows them all)"},
      {"catgory = [\"social\"]", "1: unknown key \"catgory\" in [[rule]]; did you mean \"category\"?"},
      {"app = \"YouTube\"", "7: \"app\" must be a list, not a string; write [\"YouTube\"]"},
      {"app = []", "7: \"app\" is empty; name a value or remove it"},
      {"app = [\"\"]", "8: \"app\" has an empty value"},
      {"app = [1]", "8: an element of this list must be a string, not an integer"},
      {"src = [\"192.168.20.7/24\"]",
       "8: \"192.168.20.7/24\" has bits set behind its length; the prefix is \"192.168.20.0/24\""},
      {"ip = [\"10.0.0\"]", "7: \"10.0.0\" is not an IPv4 or IPv6 address"},
      {"port = [0]", "9: \"0\" is neither a port of 1 to 65535 nor a range such as \"8000-8100\""},
      {"port = [65536]", "9: \"65536\" is neither a port of 1 to 65535 nor a range such as \"8000-8100\""},
      {"port = [\"9-8\"]", "9: \"9-8\" is neither a port of 1 to 65535 nor a range such as \"8000-8100\""},
      {"port = [1.5]", "9: an element of this list must be a string, not a number"},
      {"proto = [\"tpc\"]", "10: unknown protocol \"tpc\"; did you mean \"tcp\"?"},
      {"proto = [\"unknown\"]",
       "10: unknown protocol \"unknown\"; it is tcp, udp, icmp, tls, http, dns, mdns, llmnr, quic, ssh, "
       "dtls, stun, wireguard, bittorrent, rdp, smtp, imap, pop3, ftp, mqtt, sip, rtsp, openvpn, socks, http2, "
       "websocket, dot, doh or doq"},
      {"domain = [\"a*.example\"]", "11: \"a*.example\": a \"*\" stands only in front, as in \"*.example.org\""},
  };
  for (const auto& [line, error] : cases) {
    EXPECT_EQ(error_of_line(line), "r.toml:4:" + std::string(error) + "\n") << line;
  }
}

TEST(RuleFile, ChecksWhichNamesCount) {
  EXPECT_EQ(error_of_line("by = [\"dns\"]"),
            "r.toml:4:1: \"by\" says which names count, but the rule asks for none: add a domain, app or category\n");
  EXPECT_EQ(error_of_line("domain = [\"a.example\"]\nby = [\"snj\"]"),
            "r.toml:5:7: unknown source of names \"snj\"; did you mean \"sni\"?\n");
  EXPECT_EQ(error_of_line("domain = [\"a.example\"]\nby = \"dns\""),
            "r.toml:5:6: \"by\" must be a list, not a string; write [\"dns\"]\n");
  EXPECT_EQ(
      errors_of("[[rule]]\nname = \"r\"\naction = \"accept\"\ndomain = [\"a.example\"]\nby = [\"sni\", \"dns\"]\n"),
      "r.toml:5:14: a name from a DNS answer cannot accept: whoever asks a resolver of his own could name any "
      "address so; accept by \"dst\", or leave \"dns\" out\n");
  EXPECT_EQ(errors_of("[policy]\nech = \"block\"\n"),
            "r.toml:2:7: unknown action \"block\"; it is accept, drop or reject\n");
}

TEST(RuleFile, SaysWhatComesLater) {
  const std::pair<const char*, const char*> cases[] = {
      {"schedule = {}", "1: \"schedule\" is not supported yet; it comes with a later version"},
      {"list = [\"ads\"]", "1: \"list\" is not supported yet; it comes with a later version"},
      {"[[list]]", "3: \"list\" is not supported yet; it comes with a later version"},
      {"proto = [\"ntp\"]", "10: \"ntp\" is not supported yet; it comes with a later version"},
      {"src = [\"00:11:22:aa:bb:cc\"]",
       "8: \"00:11:22:aa:bb:cc\" is a MAC address, which is not supported yet; it comes with a later version"},
      {"domain = [\"/^ads/\"]",
       "11: \"/^ads/\" is a regular expression, which is not supported yet; it comes with a later version"},
  };
  for (const auto& [line, error] : cases) {
    EXPECT_EQ(error_of_line(line), "r.toml:4:" + std::string(error) + "\n") << line;
  }
}

TEST(RuleFile, ReportsAllErrorsInTheOrderOfTheFile) {
  EXPECT_EQ(errors_of(R"([[rule]]
action = "dorp"
name = "default"
[[rule]]
name = "a"
action = "drop"
[[rule]]
[[rule]]
action = "drop"
name = "a"
[policy]
overload = "reject"
default = true
)"),
            R"(r.toml:2:10: unknown action "dorp"; did you mean "drop"?
r.toml:3:8: "default" names the policy's default in reports; choose another name
r.toml:7:1: this rule has no "name"
r.toml:7:1: this rule has no "action"
r.toml:10:8: another rule is named "a" already, in line 5
r.toml:12:12: unknown action "reject"; it is accept or drop
r.toml:13:11: "default" must be a string, not a boolean
)");
}

TEST(RuleFile, ReportsBrokenTomlWithItsPlace) {
  const auto policy = parse("[policy]\ndefault = accept\n");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().at(0).file, "r.toml");
  EXPECT_EQ(policy.error().at(0).line, 2u);
  EXPECT_FALSE(parse("[[("));
  EXPECT_FALSE(parse("a = \"\xff\""));
}

TEST(RuleFile, WantsRulesAsAListOfTables) {
  EXPECT_EQ(errors_of("[rule]\nname = \"a\"\n"), "r.toml:1:1: rules are a list of tables; write [[rule]]\n");
  EXPECT_EQ(errors_of("rule = [1]\n"), "r.toml:1:9: an element of this list must be a table, not an integer\n");
}

TEST(RuleFile, NamesHave1To64PrintableCharacters) {
  const auto named = [](const std::string& name) {
    return errors_of("[[rule]]\nname = \"" + name + "\"\naction = \"drop\"\n") == "none";
  };
  EXPECT_FALSE(named(""));
  EXPECT_TRUE(named(std::string(kMaxRuleName, 'x')));
  EXPECT_FALSE(named(std::string(kMaxRuleName + 1, 'x')));
  std::string umlauts;
  for (std::size_t i = 0; i < kMaxRuleName; ++i) umlauts += "ü";
  EXPECT_TRUE(named(umlauts));
  EXPECT_FALSE(named("a\\u001bb"));
  EXPECT_FALSE(named("a\\u009bb"));
  EXPECT_FALSE(named("a\\u202eb"));
}

TEST(RuleFile, ChecksTheLiveTable) {
  EXPECT_EQ(errors_of(R"([live]
queues = "0-3"
fanout = "flow"
offload = "flowtable"
backend = "nft"
hooks = ["forward", "input"]
exclude = { interfaces = ["wg0"], addresses = ["192.0.2.0/24"] }
mark_mask = "0xff000000"
user = "netscope"
)"),
            "none");
  EXPECT_EQ(errors_of(R"([live]
queues = "3-0"
fanout = "flwo"
hooks = ["forwrd"]
exclude = { adresses = ["192.0.2.0/24"] }
mark_mask = "ff"
user = 0
workers = 3
)"),
            R"(r.toml:2:10: "3-0" is neither a queue of 0 to 65535 nor a range such as "0-3"
r.toml:3:10: unknown fanout "flwo"; did you mean "flow"?
r.toml:4:10: unknown hook "forwrd"; did you mean "forward"?
r.toml:5:13: unknown key "adresses" in exclude; did you mean "addresses"?
r.toml:6:13: "ff" is not a mask of 32 bits such as "0xff000000"
r.toml:7:8: "user" must be a string, not an integer
r.toml:8:1: unknown key "workers" in [live]
)");
}

TEST(RuleFile, RefusesAFileThatIsTooLong) {
  EXPECT_EQ(errors_of(std::string(kMaxRulesFile, '\n')), "none");
  EXPECT_EQ(errors_of(std::string(kMaxRulesFile + 1, '\n')),
            "r.toml: the file has 16777217 bytes; at most 16777216 are read\n");
}

TEST(RuleFile, RefusesWhatIsNestedTooDeeply) {
  const auto brackets = [](std::size_t depth) {
    return errors_of("\n\na = " + std::string(depth, '[') + std::string(depth, ']'));
  };
  const auto dots = [](std::size_t parts) {
    std::string key = "a";
    for (std::size_t i = 1; i < parts; ++i) key += ".a";
    return errors_of("\n\n" + key + " = 1");
  };
  EXPECT_EQ(brackets(16), "r.toml:3:1: unknown key \"a\" in the file\n");
  EXPECT_EQ(brackets(17), "r.toml:3: nested too deeply\n");
  EXPECT_EQ(brackets(8'000'000), "r.toml:3: nested too deeply\n");
  EXPECT_EQ(dots(16), "r.toml:3:1: unknown key \"a\" in the file\n");
  EXPECT_EQ(dots(17), "r.toml:3: nested too deeply\n");
  // Brackets and dots in strings and comments nest nothing.
  const std::string deep(100, '[');
  const std::string dotted(100, '.');
  EXPECT_EQ(errors_of("[live]\nuser = \"" + deep + "\\\"" + dotted + "\" # " + deep + "\n"), "none");
  EXPECT_EQ(errors_of("[live]\nuser = '" + deep + "\\' # " + dotted + "\n"), "none");
  EXPECT_EQ(errors_of("[live]\nuser = \"\"\"\n" + deep + "\"" + dotted + "\n\"\"\"\n"), "none");
}

TEST(RuleFile, StopsReportingAfterTooManyErrors) {
  std::string toml = "[policy]\n";
  for (std::size_t i = 0; i < kMaxReportedErrors; ++i) toml += "k" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(parse(toml).error().size(), kMaxReportedErrors);
  const auto more = parse(toml + "one_more = 1\ndefault = 1\n");
  ASSERT_EQ(more.error().size(), kMaxReportedErrors + 1);
  EXPECT_EQ(to_string(more.error().back()), "r.toml: more errors follow; only the first 1000 are reported");
}

TEST(RuleFile, TheExampleParses) {
  std::ifstream file(test::project_file("rules/example.toml"));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(errors_of(text), "none");
}

TEST(BlockRules, AreNamedAfterWhatTheyBlock) {
  const auto app = block_app_rule("youtube", Catalogue::built_in());
  ASSERT_TRUE(app);
  EXPECT_EQ(app->name, "block-app:YouTube");
  EXPECT_EQ(app->action, RuleAction::drop);
  EXPECT_EQ(condition_texts(*app), std::vector<std::string>{"app YouTube"});
  EXPECT_EQ(block_domain_rule("*.Example.org")->name, "block-domain:*.example.org");
  EXPECT_EQ(block_ip_rule("203.0.113.66")->name, "block-ip:203.0.113.66");
  EXPECT_EQ(block_ip_rule("2001:db8::/32")->name, "block-ip:2001:db8::/32");
  EXPECT_EQ(condition_texts(*block_domain_rule("*.Example.org")), std::vector<std::string>{"domain *.example.org"});
  EXPECT_EQ(condition_texts(*block_ip_rule("203.0.113.66")), std::vector<std::string>{"ip 203.0.113.66/32"});
  EXPECT_EQ(condition_texts(*block_client_rule("192.168.1.20")), std::vector<std::string>{"src 192.168.1.20/32"});
}

TEST(BlockRules, SuggestTheNearMiss) {
  EXPECT_EQ(block_app_rule("Yuotube", Catalogue::built_in()).error().message,
            "unknown application \"Yuotube\"; did you mean \"YouTube\"? (--list-apps shows them all)");
  EXPECT_FALSE(block_domain_rule("/x/"));
  EXPECT_FALSE(block_ip_rule("10.0.0.1/8"));
}

}  // namespace
}  // namespace netscope
