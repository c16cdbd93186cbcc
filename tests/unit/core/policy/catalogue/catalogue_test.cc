#include "netscope/policy/catalogue/catalogue.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "netscope/net/host_name.h"
#include "support/project_file.h"

namespace netscope {
namespace {

std::string app_of(std::string_view name) {
  const AppId id = Catalogue::built_in().find(name);
  return id == kNoApp ? "none" : Catalogue::built_in().apps()[id].name;
}

TEST(Catalogue, KnowsTheApplicationsThatPeopleAskFor) {
  const std::pair<const char*, const char*> cases[] = {
      {"www.youtube.com", "YouTube"},
      {"r3---sn-4g5e6nsz.googlevideo.com", "YouTube"},
      {"youtubei.googleapis.com", "YouTube"},
      {"fonts.gstatic.com", "Google Fonts"},
      {"www.googleapis.com", "Google"},
      {"mail.google.com", "Gmail"},
      {"v16.tiktok.com", "TikTok"},
      {"x.com", "X"},
      {"netflix.com", "Netflix"},
      {"notx.com", "none"},
      {"github.com", "GitHub"},
      {"teams.microsoft.com", "Microsoft Teams"},
      {"ads.doubleclick.net", "Google Ads"},
      {"s3.amazonaws.com", "AWS"},
      {"com", "none"},
      {"example.org", "none"},
      {"", "none"},
  };
  for (const auto& [name, app] : cases) EXPECT_EQ(app_of(name), app) << name;
}

TEST(Catalogue, FindsNamesAndCategoriesInAnyCase) {
  const Catalogue& catalogue = Catalogue::built_in();
  EXPECT_GE(catalogue.apps().size(), 80u);
  const AppId youtube = catalogue.named("yOUtUBE").value();
  EXPECT_EQ(catalogue.apps()[youtube].name, "YouTube");
  EXPECT_EQ(catalogue.categories()[catalogue.category_of(youtube)], "video");
  EXPECT_EQ(catalogue.category_named("VIDEO"), catalogue.category_of(youtube));
  EXPECT_EQ(catalogue.category_of(kNoApp), kNoCategory);
  EXPECT_FALSE(catalogue.named("YouTub"));
  EXPECT_FALSE(catalogue.category_named(""));
}

std::string normalize_error(std::string_view domain) {
  return normalize_domain(domain).error().message;
}

std::string catalogue_errors(std::string_view toml) {
  const auto catalogue = Catalogue::parse(toml, "c.toml");
  std::string text;
  if (catalogue) return "none";
  for (const Error& error : catalogue.error()) text += to_string(error) + "\n";
  return text;
}

TEST(Catalogue, ReportsAllErrorsInTheOrderOfTheFile) {
  EXPECT_EQ(catalogue_errors(R"([[app]]
name = "A"
category = "Video"
domains = ["a.example", "b..example"]
[[app]]
name = "a"
category = "video"
domains = ["A.example"]
domain = 1
[[app]]
)"),
            R"(c.toml:3:12: "Video" is no category: lower-case letters, digits and "-"
c.toml:4:25: )" +
                normalize_error("b..example") + R"(
c.toml:6:8: "a" stands in line 2 already
c.toml:8:12: "a.example" belongs to "A" already
c.toml:9:1: unknown key "domain" in [[app]]; did you mean "domains"?
c.toml:10:1: this application has no "name"
c.toml:10:1: this application has no "category"
c.toml:10:1: this application has no "domains"
)");
}

std::string one_app(std::string_view name, std::string_view domains, std::string_view within = "") {
  return "[[app]]\nname = '" + std::string(name) + "'\ncategory = 'c'\ndomains = [" + std::string(domains) + "]\n" +
         (within.empty() ? "" : "within = [" + std::string(within) + "]\n");
}

TEST(Catalogue, RefusesADomainThatTakesNamesFromAnotherByAccident) {
  EXPECT_EQ(
      catalogue_errors(one_app("Outer", "'a.example'") + one_app("Inner", "'b.example', 'x.y.a.example'")),
      R"(c.toml:8:25: "x.y.a.example" lies below "a.example" of "Outer"; if that is meant, add within = ["Outer"] )"
      "to \"Inner\"\n");
  EXPECT_EQ(catalogue_errors(one_app("Inner", "'x.a.example'", "'Outer'") + one_app("Outer", "'a.example'")), "none");
  EXPECT_EQ(catalogue_errors(one_app("Outer", "'a.example'") + one_app("Inner", "'nota.example'")), "none");
}

TEST(Catalogue, ComparesWithTheNearestDomainAbove) {
  const std::string outer = one_app("Outer", "'a.example'") + one_app("Middle", "'b.a.example'", "'Outer'");
  EXPECT_EQ(catalogue_errors(outer + one_app("Inner", "'c.b.a.example'", "'Middle'")), "none");
  EXPECT_NE(catalogue_errors(outer + one_app("Inner", "'c.b.a.example'", "'Outer'")), "none");
}

TEST(Catalogue, RefusesWhatIsSaidTwice) {
  EXPECT_EQ(
      catalogue_errors(one_app("Outer", "'a.example', 'b.a.example'")),
      "c.toml:4:25: \"b.a.example\" lies below \"a.example\", which is of the same application: leave one of them "
      "away\n");
  EXPECT_EQ(catalogue_errors(one_app("Outer", "'a.example', 'a.example'")),
            "c.toml:4:25: \"a.example\" belongs to \"Outer\" already\n");
}

TEST(Catalogue, RefusesAWithinThatIsNotTrue) {
  EXPECT_EQ(catalogue_errors(one_app("Outer", "'a.example'") + one_app("Inner", "'b.example'", "'Outer', 'Other'")),
            R"(c.toml:9:11: no domain of "Inner" lies below one of "Outer"
c.toml:9:20: no domain of "Inner" lies below one of "Other"
)");
}

TEST(Catalogue, TheBuiltInOneIsThatOfTheRepository) {
  std::ifstream file(test::project_file("rules/apps.toml"));
  const std::string toml{std::istreambuf_iterator<char>(file), {}};
  const auto written = Catalogue::parse(toml, "apps.toml");
  ASSERT_TRUE(written);
  const auto built_in = Catalogue::built_in().apps();
  ASSERT_EQ(built_in.size(), written->apps().size());
  for (std::size_t id = 0; id < built_in.size(); ++id) {
    EXPECT_EQ(built_in[id].name, written->apps()[id].name);
    EXPECT_EQ(built_in[id].category, written->apps()[id].category);
    EXPECT_EQ(built_in[id].domains, written->apps()[id].domains);
  }
}

// What the built-in catalogue's own parsing cannot see.
TEST(Catalogue, TheBuiltInOneIsLargeAndEachOfItsAppsCanBeFound) {
  const Catalogue& catalogue = Catalogue::built_in();
  EXPECT_GE(catalogue.apps().size(), 250u);
  EXPECT_GE(catalogue.categories().size(), 20u);
  for (std::size_t id = 0; id < catalogue.apps().size(); ++id) {
    EXPECT_FALSE(catalogue.apps()[id].domains.empty()) << catalogue.apps()[id].name;
    for (const std::string& domain : catalogue.apps()[id].domains) {
      EXPECT_EQ(app_of(domain), catalogue.apps()[id].name) << domain;
      EXPECT_NE(domain.find('.'), std::string::npos) << domain << " is a whole top-level domain";
    }
  }
}

TEST(Catalogue, IsEmptyForAnEmptyFile) {
  EXPECT_EQ(catalogue_errors(""), "none");
}

TEST(Catalogue, RefusesAFileThatIsTooLong) {
  EXPECT_EQ(catalogue_errors(std::string(kMaxCatalogueFile, '\n')), "none");
  EXPECT_EQ(catalogue_errors(std::string(kMaxCatalogueFile + 1, '\n')),
            "c.toml: the file has 16777217 bytes; at most 16777216 are read\n");
}

}  // namespace
}  // namespace netscope
