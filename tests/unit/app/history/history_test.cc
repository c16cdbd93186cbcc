#include "app/history/history.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace netscope {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Time kFullHour{1'700'049'600s};

class HistoryFile : public ::testing::Test {
 protected:
  HistoryFile() {
    std::string pattern = std::filesystem::temp_directory_path() / "netscope-history-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~HistoryFile() override { std::filesystem::remove_all(folder_); }

  History open() {
    auto history = History::open(file(), warning_);
    EXPECT_TRUE(history);
    return std::move(*history);
  }
  std::string file() const { return folder_ + "/history.sqlite"; }
  static Json told(const History& history, HistoryStep step, Time now) {
    return Json::parse(history.to_json(step, now).value());
  }

  std::string folder_, warning_;
};

HistorySample sample(std::uint64_t packets) {
  return {.packets = packets,
          .bytes = packets * 100,
          .blocked = packets / 10,
          .apps = {{"YouTube", Tally{.packets = packets / 2, .bytes = packets * 50}}}};
}

TEST_F(HistoryFile, keeps_what_was_added_between_two_samples) {
  History history = open();
  ASSERT_TRUE(history.add(sample(100), kFullHour));
  ASSERT_TRUE(history.add(sample(150), kFullHour + 1min));
  const Json minutes = told(history, HistoryStep::minute, kFullHour + 1min);
  ASSERT_EQ(minutes["pkts"].size(), 24u * 60);
  EXPECT_EQ(minutes["pkts"].back(), 50);
  EXPECT_EQ(minutes["pkts"][24 * 60 - 2], 100);
  EXPECT_EQ(minutes["bytes"].back(), 5000);
  EXPECT_EQ(minutes["blocked"].back(), 5);
  EXPECT_EQ(minutes["apps"][0]["app"], "YouTube");
  EXPECT_EQ(minutes["apps"][0]["bytes"].back(), 2500);
  const Json hours = told(history, HistoryStep::hour, kFullHour + 1min);
  EXPECT_EQ(hours["pkts"].size(), 7u * 24);
  EXPECT_EQ(hours["pkts"].back(), 150);
  EXPECT_EQ(hours["start"].get<std::int64_t>() + 3600 * (7 * 24 - 1), 1'700'049'600);
}

TEST_F(HistoryFile, survives_a_restart_whose_counters_begin_anew) {
  ASSERT_TRUE(open().add(sample(100), kFullHour));
  History history = open();
  ASSERT_TRUE(history.add(sample(30), kFullHour));
  EXPECT_EQ(told(history, HistoryStep::minute, kFullHour)["pkts"].back(), 130);
}

TEST_F(HistoryFile, forgets_what_is_a_day_or_a_week_old) {
  History history = open();
  ASSERT_TRUE(history.add(sample(100), kFullHour));
  ASSERT_TRUE(history.add(sample(101), kFullHour + 24h - 1min));
  EXPECT_EQ(told(history, HistoryStep::minute, kFullHour + 24h - 1min)["pkts"].front(), 100);
  ASSERT_TRUE(history.add(sample(102), kFullHour + 24h));
  const Json minutes = told(history, HistoryStep::minute, kFullHour + 24h);
  EXPECT_EQ(minutes["pkts"].front(), 0);
  const Json hours = told(history, HistoryStep::hour, kFullHour + 24h);
  EXPECT_EQ(hours["pkts"][7 * 24 - 25], 100);
}

TEST_F(HistoryFile, a_damaged_file_is_set_aside) {
  std::ofstream(file()) << std::string(10000, 'x');
  History history = open();
  EXPECT_NE(warning_.find("set aside"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(file() + ".broken"));
  EXPECT_TRUE(history.add(sample(1), kFullHour));
}

TEST_F(HistoryFile, a_file_cut_in_the_middle_is_set_aside_or_read) {
  {
    History history = open();
    for (int i = 0; i < 600; ++i)
      ASSERT_TRUE(history.add(sample(static_cast<std::uint64_t>(i) * 10), kFullHour + i * 1min));
  }
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  History history = open();
  EXPECT_FALSE(warning_.empty());
  EXPECT_TRUE(history.add(sample(1), kFullHour));
}

TEST_F(HistoryFile, a_full_week_of_many_applications_stays_within_its_limit) {
  History history = open();
  HistorySample heavy;
  for (int app = 0; app < 60; ++app) heavy.apps.emplace_back("application number " + std::to_string(app), Tally{});
  // Every sixth minute of a day, and the size of that six times over: as the tables have no other growth.
  for (int minute = 0; minute < 24 * 60; minute += 6) {
    for (auto& [name, tally] : heavy.apps) tally += Tally{.packets = 10, .bytes = 1000};
    ASSERT_TRUE(history.add(heavy, kFullHour + minute * 1min));
  }
  EXPECT_LT(std::filesystem::file_size(file()) * 6, kMaxHistoryBytes);
}

}  // namespace
}  // namespace netscope
