#include "app/control/actions.h"

#include <gtest/gtest.h>

#include "netscope/policy/explain.h"

namespace netscope {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{1'700'000'000s};

ManualAction block(ActionTarget target, std::string value) {
  return {.kind = ActionKind::block, .target = target, .value = std::move(value), .since = kNow};
}

TEST(Actions, the_newest_stands_first) {
  Actions actions;
  ASSERT_TRUE(actions.add(block(ActionTarget::app, "YouTube")));
  ManualAction allow = block(ActionTarget::domain, "youtube.com");
  allow.kind = ActionKind::allow;
  ASSERT_TRUE(actions.add(allow));
  const auto rules = actions.rules(Catalogue::built_in());
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].action, RuleAction::accept);
  EXPECT_EQ(condition_texts(rules[0]), std::vector<std::string>{"domain youtube.com"});
  EXPECT_EQ(rules[1].action, RuleAction::drop);
  EXPECT_EQ(condition_texts(rules[1]), std::vector<std::string>{"app YouTube"});
}

TEST(Actions, a_client_is_the_clients_end_and_a_prefix_either) {
  const auto client = rule_of(block(ActionTarget::client, "192.168.1.20"), Catalogue::built_in());
  ASSERT_TRUE(client);
  EXPECT_EQ(condition_texts(*client), std::vector<std::string>{"src 192.168.1.20/32"});
  const auto prefix = rule_of(block(ActionTarget::prefix, "192.168.1.0/24"), Catalogue::built_in());
  ASSERT_TRUE(prefix);
  EXPECT_EQ(condition_texts(*prefix), std::vector<std::string>{"ip 192.168.1.0/24"});
}

TEST(Actions, ids_are_never_given_twice) {
  Actions actions;
  EXPECT_EQ(actions.add(block(ActionTarget::app, "YouTube"))->id, 1u);
  EXPECT_EQ(actions.take_back(std::nullopt)->id, 1u);
  EXPECT_EQ(actions.add(block(ActionTarget::app, "YouTube"))->id, 2u);
  EXPECT_EQ(Actions::parse(actions.to_json(), "f")->add(block(ActionTarget::app, "TikTok"))->id, 3u);
}

TEST(Actions, end_at_their_time_and_not_before) {
  Actions actions;
  ManualAction action = block(ActionTarget::app, "YouTube");
  action.until = kNow + 1h;
  ASSERT_TRUE(actions.add(action));
  EXPECT_FALSE(actions.expire(kNow + 1h - 1ns));
  EXPECT_TRUE(actions.expire(kNow + 1h));
  EXPECT_TRUE(actions.all().empty());
}

TEST(Actions, are_the_same_after_a_restart) {
  Actions actions;
  ManualAction action = block(ActionTarget::prefix, "2001:db8::/32");
  action.until = kNow + 1h;
  ASSERT_TRUE(actions.add(action));
  ASSERT_TRUE(actions.add(block(ActionTarget::domain, "example.org")));
  const auto again = Actions::parse(actions.to_json(), "actions.json");
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->to_json(), actions.to_json());
}

TEST(Actions, a_file_that_is_damaged_in_any_place_is_refused_or_harmless) {
  Actions actions;
  ASSERT_TRUE(actions.add(block(ActionTarget::domain, "example.org")));
  const std::string text = actions.to_json();
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {  // the last byte is a line feed
    EXPECT_FALSE(Actions::parse(text.substr(0, i), "f")) << i;
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    const auto parsed = Actions::parse(flipped, "f");
    EXPECT_LE(parsed ? parsed->all().size() : 0, 1u);
  }
  for (const char* const wrong :
       {"", "[]", "{}", "null", R"({"schema":"netscope.actions/1"})",
        R"({"schema":"netscope.actions/1","actions":[{}]})",
        R"({"schema":"netscope.actions/1","actions":[{"id":1,"action":"block","since":0}]})"}) {
    const auto parsed = Actions::parse(wrong, "f");
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().file, "f");
  }
}

TEST(Actions, have_a_limit) {
  Actions actions;
  for (std::size_t i = 0; i < kMaxActions; ++i) ASSERT_TRUE(actions.add(block(ActionTarget::app, "YouTube")));
  EXPECT_FALSE(actions.add(block(ActionTarget::app, "YouTube")));
}

}  // namespace
}  // namespace netscope
