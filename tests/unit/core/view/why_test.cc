// The words in which a verdict is explained, for each condition.
#include <gtest/gtest.h>

#include "netscope/policy/rule_set.h"
#include "netscope/view/row_json.h"

namespace netscope {
namespace {

class WhyTest : public testing::Test {
 protected:
  WhyTest() {
    row_.client = {.address = *IpAddress::parse("192.168.1.20"), .port = 40000};
    row_.server = {.address = *IpAddress::parse("203.0.113.9"), .port = 443};
    row_.ip_protocol = ip_protocol::tcp;
    row_.protocol = Protocol::tls;
    row_.decided = true;
    row_.decision = {.action = Action::drop, .rule = 0};
    show("www.youtube.com");
  }

  void show(std::string_view name, Protocol from = Protocol::tls) {
    row_.shown.names = {{texts_.id_of(name), from}};
    row_.app_id = Catalogue::built_in().find(name);
    if (row_.app_id == kNoApp) return;
    const App& app = Catalogue::built_in().apps()[row_.app_id];
    row_.app = texts_.id_of(app.name);
    row_.category = texts_.id_of(app.category);
  }

  // Why a rule of these conditions decided the row.
  std::string why_with(std::string_view conditions) const {
    const std::string toml = "[[rule]]\nname = \"mine\"\naction = \"drop\"\n" + std::string(conditions) + "\n";
    const auto policy = parse_policy(toml, "test.toml", Catalogue::built_in());
    if (!policy) return policy.error().front().message;
    return why(row_, texts_, RuleSet::compile(*policy, Catalogue::built_in()));
  }

  Texts texts_;
  FlowRow row_;
};

TEST_F(WhyTest, NamesTheDomainThatMatched) {
  EXPECT_EQ(why_with("domain = ['example.org', 'youtube.com']"),
            "rule \"mine\": domain youtube.com matches the tls name www.youtube.com");
  EXPECT_EQ(why_with("domain = ['=www.youtube.com']"),
            "rule \"mine\": domain =www.youtube.com matches the tls name www.youtube.com");
  EXPECT_EQ(why_with("domain = ['*.youtube.com']"),
            "rule \"mine\": domain *.youtube.com matches the tls name www.youtube.com");
}

TEST_F(WhyTest, NamesTheDnsAnswerThatToldTheName) {
  show("www.youtube.com", Protocol::unknown);
  EXPECT_EQ(why_with("domain = ['youtube.com']\nby = ['dns']"),
            "rule \"mine\": domain youtube.com matches the DNS answer's name www.youtube.com");
}

TEST_F(WhyTest, NamesTheNameThatIsOfTheRightSource) {
  row_.shown.names = {{texts_.id_of("www.youtube.com"), Protocol::http},
                      {texts_.id_of("m.youtube.com"), Protocol::tls}};
  EXPECT_EQ(why_with("domain = ['youtube.com']\nby = ['sni']"),
            "rule \"mine\": domain youtube.com matches the tls name m.youtube.com");
  EXPECT_EQ(why_with("domain = ['youtube.com']\nby = ['host']"),
            "rule \"mine\": domain youtube.com matches the http name www.youtube.com");
}

TEST_F(WhyTest, NamesTheFingerprint) {
  row_.shown.ja4 = texts_.id_of("t13d1516h2_8daaf6152771_e5627efa2ab1");
  EXPECT_EQ(why_with("ja4 = ['q13d0310h3', 't13d1516h2']"),
            "rule \"mine\": ja4 t13d1516h2 matches t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST_F(WhyTest, NamesWhatAProtocolIsUsedFor) {
  row_.service = Protocol::doh;
  EXPECT_EQ(why_with("proto = ['doh']"), "rule \"mine\": protocol doh");
  EXPECT_EQ(why_with("proto = ['tcp']"), "rule \"mine\": protocol TCP");
}

TEST_F(WhyTest, NamesApplicationAndCategory) {
  EXPECT_EQ(why_with("app = ['YouTube', 'TikTok']"), "rule \"mine\": application YouTube of www.youtube.com");
  EXPECT_EQ(why_with("category = ['video']"), "rule \"mine\": category video of YouTube of www.youtube.com");
}

TEST_F(WhyTest, NamesAddresses) {
  EXPECT_EQ(why_with("ip = ['203.0.113.0/24']"), "rule \"mine\": ip 203.0.113.0/24 holds 203.0.113.9");
  EXPECT_EQ(why_with("src = ['10.0.0.0/8', '192.168.0.0/16']"), "rule \"mine\": src 192.168.0.0/16 holds 192.168.1.20");
  EXPECT_EQ(why_with("dst = ['203.0.113.9']"), "rule \"mine\": dst 203.0.113.9/32 holds 203.0.113.9");
}

TEST_F(WhyTest, NamesPortAndProtocol) {
  EXPECT_EQ(why_with("port = [80, '400-500']"), "rule \"mine\": port 443");
  EXPECT_EQ(why_with("proto = ['tls']"), "rule \"mine\": protocol tls");
  row_.protocol = Protocol::unknown;
  EXPECT_EQ(why_with("proto = ['tcp']"), "rule \"mine\": protocol TCP");
}

TEST_F(WhyTest, NamesAllConditionsInTheirOrder) {
  EXPECT_EQ(why_with("proto = ['tls']\nport = [443]\ndst = ['203.0.113.9']\nsrc = ['192.168.1.20']\n"
                     "domain = ['youtube.com']"),
            "rule \"mine\": domain youtube.com matches the tls name www.youtube.com; "
            "src 192.168.1.20/32 holds 192.168.1.20; dst 203.0.113.9/32 holds 203.0.113.9; port 443; protocol tls");
}

TEST_F(WhyTest, SaysWhenARuleAsksForNothing) {
  EXPECT_EQ(why_with(""), "rule \"mine\": it holds for everything");
}

TEST_F(WhyTest, SaysWhenNoRuleDecided) {
  row_.decision.rule = kDefaultPolicy;
  EXPECT_EQ(why_with("port = [80]"), "no rule matched: the default of the policy holds");
  row_.decided = false;
  EXPECT_EQ(why_with("port = [80]"), "no rule could be judged before the flow ended: it was let through");
}

}  // namespace
}  // namespace netscope
