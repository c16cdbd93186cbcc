#include "core/policy/sets/domain_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace netscope {
namespace {

struct Hit {
  std::string domain_or_whole;  // "whole" when the domain is the whole name
  std::vector<std::uint32_t> values;
  bool operator==(const Hit&) const = default;
};

std::vector<Hit> hits(const DomainIndex& index, std::string_view name) {
  std::vector<Hit> found;
  index.for_each_suffix(name, [&](bool whole, DomainIndex::Values values) {
    found.push_back({whole ? "whole" : "above", {values.begin(), values.end()}});
  });
  return found;
}

TEST(DomainIndex, FindsNothingWhenEmpty) {
  const DomainIndex index;
  EXPECT_TRUE(index.empty());
  EXPECT_TRUE(hits(index, "example.org").empty());
  EXPECT_TRUE(index.longest_suffix("example.org").empty());
}

TEST(DomainIndex, GoesFromTheLongestToTheShortest) {
  const DomainIndex::Entry entries[] = {{"org", 3}, {"www.example.org", 1}, {"example.org", 2}};
  const DomainIndex index(entries);
  const std::vector<Hit> expected{{"whole", {1}}, {"above", {2}}, {"above", {3}}};
  EXPECT_EQ(hits(index, "www.example.org"), expected);
  EXPECT_EQ(index.longest_suffix("a.example.org").front(), 2u);
}

TEST(DomainIndex, MatchesWholeLabelsOnly) {
  const DomainIndex::Entry entries[] = {{"x.com", 1}};
  const DomainIndex index(entries);
  EXPECT_TRUE(hits(index, "netflix.com").empty());
  EXPECT_TRUE(hits(index, "com").empty());
  EXPECT_TRUE(hits(index, "x.com.").empty());
  EXPECT_TRUE(hits(index, "x.com.example").empty());
  EXPECT_TRUE(hits(index, "").empty());
  EXPECT_TRUE(hits(index, ".").empty());
  EXPECT_EQ(hits(index, "x.com").size(), 1u);
  EXPECT_EQ(hits(index, "..x.com").size(), 1u);
}

TEST(DomainIndex, KeepsAllValuesOfADomainInOrder) {
  const DomainIndex::Entry entries[] = {{"a.example", 7}, {"a.example", 2}, {"a.example", 7}, {"b.example", 1}};
  EXPECT_EQ(hits(DomainIndex(entries), "a.example"), (std::vector<Hit>{{"whole", {2, 7}}}));
}

TEST(DomainIndex, StoresTheMostLabelsThatANameCanHaveAndNoMore) {
  std::string most = "a";
  for (std::size_t i = 1; i < DomainIndex::kMaxLabels; ++i) most += ".a";
  const std::string more = "b." + most;
  const DomainIndex::Entry entries[] = {{most, 1}, {more, 2}, {"", 3}};
  const DomainIndex index(entries);
  EXPECT_EQ(hits(index, most), (std::vector<Hit>{{"whole", {1}}}));
  EXPECT_EQ(hits(index, more), (std::vector<Hit>{{"above", {1}}}));
}

TEST(DomainIndex, AgreesWithANaiveSearchOnAMillionNames) {
  std::mt19937 random(1);
  const auto domain = [&](unsigned max_labels) {
    std::string text;
    for (unsigned labels = 1 + static_cast<unsigned>(random() % max_labels); labels > 0; --labels) {
      if (!text.empty()) text += '.';
      for (unsigned letters = 1 + static_cast<unsigned>(random() % 2); letters > 0; --letters)
        text += static_cast<char>('a' + random() % 4);
    }
    return text;
  };
  std::map<std::string, std::uint32_t, std::less<>> stored;
  for (std::uint32_t i = 0; i < 3'000; ++i) stored.emplace(domain(4), i);
  std::vector<DomainIndex::Entry> entries;
  for (const auto& [text, value] : stored) entries.push_back({text, value});
  const DomainIndex index(entries);

  std::vector<std::uint32_t> expected, found;
  for (int round = 0; round < 1'000'000; ++round) {
    const std::string name = domain(6);
    expected.clear();
    found.clear();
    for (std::size_t at = 0; at != std::string::npos;) {
      const auto hit = stored.find(std::string_view(name).substr(at));
      if (hit != stored.end()) expected.push_back(hit->second);
      const std::size_t dot = name.find('.', at);
      at = dot == std::string::npos ? dot : dot + 1;
    }
    index.for_each_suffix(name, [&](bool, DomainIndex::Values values) { found.push_back(values.front()); });
    ASSERT_EQ(found, expected) << name;
  }
}

}  // namespace
}  // namespace netscope
