#include "core/regex/regex.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/project_file.h"

namespace netscope {
namespace {

std::string refusal(std::string_view pattern) {
  const auto regex = Regex::compile(pattern);
  return regex ? "" : regex.error().message;
}

// The browser's engine answers the same table in dashboard/wasm/regex.test.mjs.
TEST(Regex, AnswersAsTheTableSays) {
  std::ifstream file(test::project_file("tests/unit/core/regex/answers.json"));
  const auto table = nlohmann::json::parse(file);
  ASSERT_GT(table.size(), 10u);
  for (const auto& row : table) {
    const std::string pattern = row["pattern"];
    const auto regex = Regex::compile(pattern);
    ASSERT_TRUE(regex) << pattern << ": " << regex.error().message;
    for (const std::string text : row["found"]) {
      EXPECT_TRUE(regex->found_in(text)) << pattern << " in " << text;
    }
    for (const std::string text : row["not"]) {
      EXPECT_FALSE(regex->found_in(text)) << pattern << " in " << text;
    }
  }
}

TEST(Regex, WhatEnginesReadDifferentlyIsRefused) {
  const std::string escape = "a backslash and this letter are not understood";
  EXPECT_EQ(refusal(std::string(61, '(') + std::string(61, ')')), "it has more than 60 groups within each other");
  EXPECT_EQ(refusal(""), "there is nothing between its slashes");
  EXPECT_EQ(refusal("a(?=b)"), "behind (? only : is understood");
  EXPECT_EQ(refusal("(?i)a"), "behind (? only : is understood");
  EXPECT_EQ(refusal("(?P<name>a)"), "behind (? only : is understood");
  EXPECT_EQ(refusal("(a)\\1"), "it refers back to a group, which cannot be asked for");
  EXPECT_EQ(refusal("\\Aads\\z"), escape);
  EXPECT_EQ(refusal("\\pL"), escape);
  EXPECT_EQ(refusal("\\Qa.b\\E"), escape);
  EXPECT_EQ(refusal("[\\b]"), escape);
  EXPECT_EQ(refusal("\\x4"), "two hexadecimal digits follow \\x");
  EXPECT_EQ(refusal("\\x{41}"), "two hexadecimal digits follow \\x");
  EXPECT_EQ(refusal("[]a]"), "a class is empty: write \\] for the bracket itself");
  EXPECT_EQ(refusal("[^]a]"), "a class is empty: write \\] for the bracket itself");
  EXPECT_EQ(refusal("[[:alpha:]]"), "a [ within a class is written \\[");
  EXPECT_EQ(refusal("a)"), "nothing opened its )");
  EXPECT_EQ(refusal(std::string_view("a\0b", 3)), "it holds a control character");
}

TEST(Regex, WhatIsNoPatternIsTheEnginesToSay) {
  for (const std::string_view pattern : {"[a", "(a", "a**", "*a", "a{3,2}", "[z-a]", "a\\", "\\"}) {
    EXPECT_NE(refusal(pattern), "") << pattern;
  }
}

// RE2 could take them; an engine that goes back over the text could not.
TEST(Regex, WhatCouldTakeAnEngineForEverIsRefused) {
  const std::string nested = "a group is repeated that repeats or chooses itself: ask for its parts instead";
  for (const std::string_view pattern : {"(a+)+", "(a*)*b", "(a|a)*", "(?:a|ab){2,}", "((a+))+", "(x(a?)){9}a",
                                         "([a-z]+\\.)*ads", "(a{1,9}){9}", "(a|b)+?"}) {
    EXPECT_EQ(refusal(pattern), nested) << pattern;
  }
  EXPECT_EQ(refusal("(a+)?(b|c)?"), "");
  EXPECT_EQ(refusal("(?:ab)+[cd]*e{2}f+"), "");
  EXPECT_EQ(refusal(".*a.*b.*c.*d.*"), "it has more than 4 repetitions: join two by \"and\"");
  EXPECT_EQ(refusal("a{256}"), "it repeats something more than 255 times");
  EXPECT_EQ(refusal("a{1,99999999999999999999}"), "it repeats something more than 255 times");
  EXPECT_EQ(refusal("a{255}"), "");
  EXPECT_EQ(refusal(std::string(kMaxRegexSize, 'a')), "");
  EXPECT_EQ(refusal(std::string(kMaxRegexSize + 1, 'a')), "it has more than 256 bytes");
}

}  // namespace
}  // namespace netscope
