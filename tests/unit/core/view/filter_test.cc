#include "netscope/view/filter.h"

#include <gtest/gtest.h>

#include <string>

namespace netscope {
namespace {

Endpoint end(std::string_view address, std::uint16_t port) {
  return {.address = *IpAddress::parse(address), .port = port};
}

class FilterTest : public testing::Test {
 protected:
  void SetUp() override {
    add("192.168.1.20", "203.0.113.9", 443, "www.youtube.com", "YouTube", "video", 2'000'000, Action::drop, "homework");
    add("192.168.1.21", "203.0.113.10", 80, "example.org", "", "", 500, Action::accept, "default");
    add("2001:db8::20", "2001:db8::9", 8443, "ads7.example.net", "Ad Server", "ads", 1500, Action::reject, "ads");
  }

  void add(std::string_view client, std::string_view server, std::uint16_t port, std::string_view name,
           std::string_view app, std::string_view category, std::uint64_t bytes, Action action, std::string_view rule) {
    FlowRow& row = rows_.flow(rows_.add_flow());
    row.client = end(client, 40000);
    row.server = end(server, port);
    row.ip_protocol = ip_protocol::tcp;
    row.protocol = port == 80 ? Protocol::http : Protocol::tls;
    row.shown.names.push_back({rows_.texts().id_of(name), row.protocol});
    if (port != 80) row.shown.ja4 = rows_.texts().id_of("t13d1516h2_8daaf6152771_02713d6af862");
    row.app = rows_.texts().id_of(app);
    row.category = rows_.texts().id_of(category);
    row.bytes = {bytes, 0};
    row.packets = {10, 0};
    row.end = row.start + std::chrono::seconds(90);
    row.decided = true;
    row.decision.action = action;
    row.rule = rows_.texts().id_of(rule);
    row.state = port == 80 ? FlowState::closed : FlowState::classified;
  }

  // Which of the three flows a filter selects: "13", say.
  std::string selected(std::string_view text) {
    const auto filter = Filter::parse(text);
    if (!filter) return "error: " + filter.error().message;
    FilterMatcher matcher(*filter, rows_);
    std::string out;
    for (std::size_t i = 0; i < rows_.flows().size(); ++i) {
      if (matcher.matches(rows_.flows()[i])) out += std::to_string(i + 1);
    }
    return out;
  }

  Rows rows_;
};

TEST_F(FilterTest, AnEmptyFilterSelectsEverything) {
  EXPECT_EQ(selected(""), "123");
  EXPECT_EQ(selected("  \t "), "123");
}

TEST_F(FilterTest, FieldsAreAskedForByName) {
  EXPECT_EQ(selected("app:youtube"), "1");
  EXPECT_EQ(selected("app:\"Ad Server\""), "3");
  EXPECT_EQ(selected("category:ads"), "3");
  EXPECT_EQ(selected("rule:homework"), "1");
  EXPECT_EQ(selected("client:192.168.1.0/24"), "12");
  EXPECT_EQ(selected("src:2001:db8::20"), "3");
  EXPECT_EQ(selected("server:203.0.113.10"), "2");
  EXPECT_EQ(selected("ip:2001:db8::/32"), "3");
  EXPECT_EQ(selected("proto:http"), "2");
  EXPECT_EQ(selected("proto:tcp"), "123");
  EXPECT_EQ(selected("proto:udp"), "");
  rows_.flow(1).service = Protocol::websocket;
  EXPECT_EQ(selected("proto:websocket"), "2");
  EXPECT_EQ(selected("state:closed"), "2");
  EXPECT_EQ(selected("action:reject"), "3");
}

TEST_F(FilterTest, FingerprintsAreWholeOrPatterns) {
  EXPECT_EQ(selected("ja4:T13d1516h2_8daaf6152771_02713d6af862"), "13");
  EXPECT_EQ(selected("ja4:t13d*"), "13");
  EXPECT_EQ(selected("ja4:t13d"), "");
  EXPECT_EQ(selected("not ja4:*"), "2");
}

TEST_F(FilterTest, NamesAreSelectedByWhereTheyAreFrom) {
  rows_.flow(0).shown.names.push_back({rows_.texts().id_of("youtube.com"), Protocol::unknown});
  EXPECT_EQ(selected("source:dns"), "1");
  EXPECT_EQ(selected("by:sni"), "13");
  EXPECT_EQ(selected("source:host"), "2");
  EXPECT_EQ(selected("source:query"), "");
  EXPECT_EQ(selected("source:mail"), "error: \"mail\" is nowhere that names are from: sni, host, query or dns is");
}

TEST_F(FilterTest, RegularExpressionsStandBetweenSlashes) {
  EXPECT_EQ(selected("sni:/ads[0-9]/"), "3");
  EXPECT_EQ(selected("domain:/^(www|ADS\\d)\\./"), "13");
  EXPECT_EQ(selected("domain:/org$/,/net$/"), "23");
  EXPECT_EQ(selected("domain!:(/org$/ or /net$/)"), "1");
  EXPECT_EQ(selected("(sni:/o{1}u/) and not rule:/^h.m/"), "");
  EXPECT_EQ(selected("app:/d s/"), "3");
  EXPECT_EQ(selected("ja4:/_[0-9a-f]{12}$/"), "13");
  EXPECT_EQ(selected("category:/./"), "13");
}

TEST_F(FilterTest, ARegularExpressionAloneIsLookedForInTextsButNotInAddresses) {
  EXPECT_EQ(selected("/^ad[s ]/"), "3");
  EXPECT_EQ(selected("/home|example\\.org/"), "12");
  EXPECT_EQ(selected("/192/"), "");
  EXPECT_EQ(selected("not /a:b/"), "123");
}

TEST_F(FilterTest, ARegularExpressionThatIsWrongIsToldWithItsPlace) {
  EXPECT_EQ(selected("sni:/ads[0-9/"), "error: this is no regular expression that is understood: missing ]: [0-9");
  EXPECT_EQ(selected("sni:/ads"), "error: this regular expression is never closed: a / ends it, and \\/ is a slash");
  EXPECT_EQ(selected("sni:/ads\\"), "error: this regular expression is never closed: a / ends it, and \\/ is a slash");
  EXPECT_EQ(selected("sni:/ads/i"), "error: this stands behind the regular expression; letters' case never counts");
  EXPECT_EQ(selected("sni>/ads/"), "error: a regular expression has no order: write \":\" instead");
  EXPECT_EQ(selected("port:/44./"), "error: this field holds no text that a regular expression could be asked about");
  EXPECT_EQ(selected("sni:\"/ads/\""), "error: a regular expression stands without quotation marks");
  const auto wrong = Filter::parse("blocked sni:/(a+)+/ port:443");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().begin, 13u);
  EXPECT_EQ(wrong.error().end, 18u);
}

TEST_F(FilterTest, DomainsAreComparedByLabels) {
  EXPECT_EQ(selected("domain:youtube.com"), "1");
  EXPECT_EQ(selected("domain:tube.com"), "");
  EXPECT_EQ(selected("domain:=youtube.com"), "");
  EXPECT_EQ(selected("domain:*.example.org"), "");
  EXPECT_EQ(selected("sni:*.example.net"), "3");
  EXPECT_EQ(selected("domain:ads*.example.*"), "3");
}

TEST_F(FilterTest, NumbersHaveUnitsAndRanges) {
  EXPECT_EQ(selected("bytes>1M"), "1");
  EXPECT_EQ(selected("bytes>=1.5k"), "13");
  EXPECT_EQ(selected("bytes<501"), "2");
  EXPECT_EQ(selected("bytes<500"), "");
  EXPECT_EQ(selected("port:443"), "1");
  EXPECT_EQ(selected("port:8000-9000"), "3");
  EXPECT_EQ(selected("duration>1m"), "123");
  EXPECT_EQ(selected("duration>2m"), "");
}

TEST_F(FilterTest, VerdictsAreWordsOfTheirOwn) {
  EXPECT_EQ(selected("blocked"), "13");
  EXPECT_EQ(selected("accepted"), "2");
  EXPECT_EQ(selected("dropped"), "1");
  EXPECT_EQ(selected("rejected"), "3");
  EXPECT_EQ(selected("\"blocked\""), "");
}

TEST_F(FilterTest, AndBindsTighterThanOr) {
  EXPECT_EQ(selected("port:443 or port:80 and blocked"), "1");
  EXPECT_EQ(selected("port:80 or port:443 and blocked"), "12");
  EXPECT_EQ(selected("(port:80 or port:443) and blocked"), "1");
  EXPECT_EQ(selected("not blocked or app:YouTube"), "12");
  EXPECT_EQ(selected("proto:tcp blocked"), "13");
  EXPECT_EQ(selected("NOT (app:YouTube OR rule:ads)"), "2");
}

TEST_F(FilterTest, AFieldTakesSeveralValues) {
  EXPECT_EQ(selected("port:443,80"), "12");
  EXPECT_EQ(selected("app:(YouTube or \"Ad Server\")"), "13");
  EXPECT_EQ(selected("port!:443,80"), "3");
}

TEST_F(FilterTest, ABareWordIsLookedForEverywhere) {
  EXPECT_EQ(selected("tube"), "1");
  EXPECT_EQ(selected("EXAMPLE"), "23");
  EXPECT_EQ(selected("192.168.1.21"), "2");
  EXPECT_EQ(selected("2001:db8::9"), "3");
  EXPECT_EQ(selected("homework"), "1");
}

struct Wrong {
  std::string_view text, part, message;
};

TEST_F(FilterTest, AnErrorSaysWhereAndWhat) {
  const Wrong wrong[] = {
      {"app:YouTube and", "", "a condition is missing at the end"},
      {"and app:X", "an", "a condition is missing before"},
      {"ap:YouTube", "ap", "did you mean \"app\""},
      {"(app:X", "(", "never closed"},
      {"app:X)", ")", "nothing opened"},
      {"app:\"X", "\"X", "never closed"},
      {"port:http", "http", "no number"},
      {"port:9-8", "9-8", "no range"},
      {"client:300.1.1.1", "300.1.1.1", ""},
      {"app>X", "X", "no order"},
      {"proto:smtq", "smtq", "no protocol"},
      {"bytes:", "", "a value is missing"},
      {"app:(X", "(", "never closed"},
      {"duration>5x", "5x", "no duration"},
  };
  for (const Wrong& w : wrong) {
    const auto filter = Filter::parse(w.text);
    ASSERT_FALSE(filter) << w.text;
    EXPECT_NE(filter.error().message.find(w.message), std::string::npos) << w.text << ": " << filter.error().message;
    ASSERT_LE(filter.error().begin, filter.error().end) << w.text;
    ASSERT_LE(filter.error().end, w.text.size()) << w.text;
    EXPECT_EQ(w.text.substr(filter.error().begin, filter.error().end - filter.error().begin), w.part) << w.text;
  }
}

TEST_F(FilterTest, DepthAndLengthAreBounded) {
  const std::string deep(kMaxFilterDepth, '(');
  EXPECT_TRUE(Filter::parse(std::string(kMaxFilterDepth - 1, '(') + "tube" + std::string(kMaxFilterDepth - 1, ')')));
  EXPECT_FALSE(Filter::parse(deep + "tube" + std::string(kMaxFilterDepth, ')')));
  EXPECT_FALSE(Filter::parse(std::string(kMaxFilterText + 1, 'a')));
  EXPECT_TRUE(Filter::parse(std::string(kMaxFilterText, 'a')));
}

// Each byte of a filter left out, doubled or replaced: an error or an answer, and never a place outside the text.
TEST_F(FilterTest, DamageIsAnErrorWithAPlaceOrAnotherFilter) {
  const std::string whole =
      "app:(YouTube or \"Ad Server\") and not port!=443,80-90 or duration>=1.5h (client:10.0.0.0/8)";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char c : std::string_view("\0 ():\"<>!=,*a9\xff", 15)) {
      std::string text = whole;
      text[i] = c;
      for (const std::string& damaged : {text, whole.substr(0, i), whole.substr(i)}) {
        const auto filter = Filter::parse(damaged);
        if (!filter) {
          ASSERT_LE(filter.error().end, damaged.size()) << damaged;
        } else {
          selected(damaged);
        }
      }
    }
  }
}

std::string offered(const Rows& rows, std::string_view text) {
  std::string out;
  for (const std::string& word : complete_filter(text, text.size(), rows).words) out += (out.empty() ? "" : " ") + word;
  return out;
}

TEST_F(FilterTest, CompletionOffersFieldsThenValues) {
  EXPECT_EQ(offered(rows_, "ap"), "app:");
  EXPECT_EQ(offered(rows_, "app:"), "YouTube \"Ad Server\"");
  EXPECT_EQ(offered(rows_, "blocked and app:you"), "YouTube");
  EXPECT_EQ(offered(rows_, "client:192.168.1.21"), "192.168.1.21");
  EXPECT_EQ(offered(rows_, "state:cl"), "classified closed");
  EXPECT_EQ(offered(rows_, "bl"), "blocked");
  EXPECT_EQ(complete_filter("blocked and app:you", 19, rows_).from, 16u);
}

}  // namespace
}  // namespace netscope
