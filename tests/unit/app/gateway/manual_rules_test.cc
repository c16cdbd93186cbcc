#include "app/gateway/manual_rules.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace netscope {
namespace {

constexpr Time kNow{std::chrono::hours(24 * 20'000)};

class ManualRulesTest : public testing::Test {
 protected:
  ManualRulesTest() : folder_(testing::TempDir() + "manual_rules_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~ManualRulesTest() override { std::filesystem::remove_all(folder_); }

  static ManualAction block(const std::string& domain) {
    return {.kind = ActionKind::block, .target = ActionTarget::domain, .value = domain, .since = kNow};
  }
  static std::vector<std::string> names(const Policy& policy) {
    std::vector<std::string> out;
    for (const Rule& rule : policy.rules) out.push_back(rule.name);
    return out;
  }

  const Catalogue& catalogue_ = Catalogue::built_in();
  Console console_;
  std::string folder_;
};

TEST_F(ManualRulesTest, StandBeforeTheFilesAndComeAndGoAlone) {
  ManualRules rules(console_);
  Policy file;
  file.rules = {{.name = "of the file"}};
  ASSERT_TRUE(rules.add(block("a.example")));
  const Policy one = rules.renew(file, catalogue_);
  EXPECT_EQ(names(one), (std::vector<std::string>{"by hand 1: block a.example", "of the file"}));
  rules.are_in_force(catalogue_);
  ASSERT_TRUE(rules.add(block("b.example")));
  const Policy two = rules.renew(one, catalogue_);
  EXPECT_EQ(names(two),
            (std::vector<std::string>{"by hand 2: block b.example", "by hand 1: block a.example", "of the file"}));
  rules.are_in_force(catalogue_);
  rules.take_back({});
  rules.take_back({});
  EXPECT_EQ(names(rules.renew(two, catalogue_)), std::vector<std::string>{"of the file"});
}

TEST_F(ManualRulesTest, OutliveARunButNotTheirTime) {
  {
    ManualRules rules(console_);
    rules.open(folder_, kNow);
    ASSERT_TRUE(rules.add(block("a.example")));
    ManualAction brief = block("b.example");
    brief.until = kNow + std::chrono::minutes(5);
    ASSERT_TRUE(rules.add(brief));
    rules.keep();
  }
  ManualRules soon(console_), later(console_);
  soon.open(folder_, kNow + std::chrono::minutes(1));
  EXPECT_EQ(soon.rules(catalogue_).size(), 2u);
  later.open(folder_, kNow + std::chrono::minutes(6));
  EXPECT_EQ(later.rules(catalogue_).size(), 1u);
}

TEST_F(ManualRulesTest, AFileThatCannotBeReadIsSetAside) {
  std::ofstream(folder_ + "/actions.json") << "{";
  ManualRules rules(console_);
  rules.open(folder_, kNow);
  EXPECT_TRUE(rules.actions().all().empty());
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/actions.json.broken"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/actions.json"));
}

TEST_F(ManualRulesTest, WithoutAFolderNothingIsKept) {
  ManualRules rules(console_);
  ASSERT_TRUE(rules.add(block("a.example")));
  rules.keep();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace netscope
