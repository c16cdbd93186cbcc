#include "app/control/answer_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace netscope {
namespace {

using Json = nlohmann::json;

Json flow(const Json& shown) {
  Json row = {{"proto", "TCP"},
              {"src_ip", "10.0.0.2"},
              {"src_port", 40000},
              {"dest_ip", "203.0.113.9"},
              {"dest_port", 443},
              {"flow", {{"pkts_toserver", 3}, {"pkts_toclient", 4}, {"bytes_toserver", 500}, {"bytes_toclient", 600}}},
              {"verdict", {{"action", "drop"}}},
              {"netscope", {{"app", "TikTok"}, {"rule_id", "no-tiktok"}}}};
  row.merge_patch(shown);
  return row;
}

std::string line_of(const Json& row) {
  return answer_text("flows", {{"flows", Json::array({row})}});
}

std::string names_of(const Json& shown) {
  const std::string line = line_of(flow(shown));
  const std::size_t begin = line.find("443  ") + 5;
  return line.substr(begin, line.find("  TikTok") - begin);
}

TEST(AnswerText, AFlowIsALine) {
  EXPECT_EQ(
      line_of(flow({{"tls", {{"sni", "www.tiktok.com"}}}})),
      "drop    TCP   10.0.0.2:40000 -> 203.0.113.9:443  www.tiktok.com  TikTok  7 packets  1100 bytes  no-tiktok\n");
}

TEST(AnswerText, ANameIsShownWhateverProtocolShowedIt) {
  for (const char* const protocol : {"tls", "dtls", "quic"}) {
    EXPECT_EQ(names_of({{protocol, {{"sni", "a.example"}}}}), "a.example") << protocol;
  }
  for (const char* const protocol : {"http", "http2", "socks"}) {
    EXPECT_EQ(names_of({{protocol, {{"hostname", "a.example"}}}}), "a.example") << protocol;
  }
  for (const char* const protocol : {"dns", "mdns", "llmnr"}) {
    EXPECT_EQ(names_of({{protocol, {{"rrname", "a.example"}}}}), "a.example") << protocol;
  }
  EXPECT_EQ(names_of(Json::object()), "-");
}

TEST(AnswerText, OfSeveralNamesTheLastOnesAreShown) {
  EXPECT_EQ(names_of({{"http", {{"hostname", {"a.example", "b.example"}}}}}), "a.example, b.example");
  EXPECT_EQ(names_of({{"dns", {{"rrname", {"a.example", "b.example", "c.example", "d.example", "e.example"}}}}}),
            "2 more, c.example, d.example, e.example");
  EXPECT_EQ(names_of({{"http", {{"hostname", "inside.example"}}}, {"tls", {{"sni", "inside.example"}}}}),
            "inside.example");
}

TEST(AnswerText, ANameThatOnlyDnsToldIsMarked) {
  EXPECT_EQ(names_of({{"netscope", {{"name", "a.example"}, {"name_source", "dns"}}}}), "a.example (dns)");
  EXPECT_EQ(names_of({{"netscope", {{"name", "old.example"}}}, {"tls", {{"sni", "a.example"}}}}), "a.example");
}

TEST(AnswerText, APortIsToldApartFromAnAddressOfIpv6) {
  EXPECT_NE(line_of(flow({{"dest_ip", "2001:db8::9"}})).find("-> [2001:db8::9]:443  "), std::string::npos);
  Json icmp = flow({{"proto", "IPv6-ICMP"}, {"src_ip", "2001:db8::2"}, {"dest_ip", "2001:db8::9"}});
  icmp.erase("src_port");
  icmp.erase("dest_port");
  EXPECT_NE(line_of(icmp).find("2001:db8::2 -> 2001:db8::9  "), std::string::npos);
}

TEST(AnswerText, ARefusalShowsTheLinesOfTheFileBeforeTheMessage) {
  const Json error = {{"message", "unknown app"}, {"text", "rules.toml:3: unknown app\n  app = \"Tiktock\""}};
  EXPECT_EQ(refusal_text({{"error", error}}), "rules.toml:3: unknown app\n  app = \"Tiktock\"");
  EXPECT_EQ(refusal_text({{"error", {{"message", "no such action"}}}}), "no such action");
  EXPECT_EQ(refusal_text({{"error", {{"text", ""}, {"message", "no such action"}}}}), "no such action");
  for (const Json& body : {Json(), Json("refused"), Json{{"error", 7}}, Json{{"error", {{"message", 7}}}}}) {
    EXPECT_EQ(refusal_text(body), "the gateway refuses and does not say why; its log may") << body;
  }
}

TEST(AnswerText, AnAnswerThatIsNoneMovesNoCursorAndBreaksNothing) {
  EXPECT_EQ(names_of({{"tls", {{"sni", "a\x1b[2Jb"}}}}), "a?[2Jb");
  for (const char* const verb : {"status", "flows", "list", "reload", "undo", "block"}) {
    for (const Json& body : {Json(), Json(5), Json("x"), Json::array({1}), Json{{"flows", 5}, {"actions", "x"}},
                             Json{{"flows", {1, "x", Json::object()}}, {"actions", {1}}, {"stats", 7}, {"id", "x"}}}) {
      EXPECT_EQ(answer_text(verb, body).find('\x1b'), std::string::npos) << verb << body;
    }
  }
}

}  // namespace
}  // namespace netscope
