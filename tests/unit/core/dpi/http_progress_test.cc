#include "core/dpi/http_progress.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/dpi/http.h"

namespace netscope::http {
namespace {

// What a firewall wants to know of a head, as far as it has come.
std::string told(std::string_view head) {
  const auto parsed = parse_request(as_bytes(head));
  if (!parsed.ok()) return "status " + std::to_string(static_cast<int>(parsed.status));
  return std::string(parsed->head_complete ? "whole" : "open") + (parsed->request.host.empty() ? "" : " host") +
         (parsed->request.second_host.empty() ? "" : " second");
}

bool goes_on(std::string_view answer) {
  return answer.starts_with("open") || answer == "status " + std::to_string(static_cast<int>(ParseStatus::need_more));
}

// Every byte of any head: where the answer changes, it was worth reading.
TEST(HttpProgress, MissesNoChangeOfTheAnswer) {
  std::mt19937 engine(7);
  const std::string_view pieces[] = {"GET / HTTP/1.1\r\n",
                                     "Host: a\r\n",
                                     "Host:\r\n",
                                     " b\r\n",
                                     "\t\r\n",
                                     "X: y\r\n",
                                     "\r\n",
                                     "\n",
                                     "host : c\n",
                                     "Host",
                                     "X",
                                     "\x01",
                                     "FROB",
                                     " ",
                                     " Host: d\n",
                                     "no field\n",
                                     ":"};
  for (int round = 0; round < 4000; ++round) {
    std::string head = round % 2 == 0 ? "GET / HTTP/1.1\r\n" : "";
    for (auto piece = 1 + engine() % 10; piece > 0; --piece) head += pieces[engine() % std::size(pieces)];
    HeadProgress progress;
    std::string before = told("");
    for (std::size_t size = 1; size <= head.size() && goes_on(before); ++size) {
      const bool worth = progress.follow(as_bytes(head).first(size));
      std::string after = told(std::string_view(head).substr(0, size));
      // A line that may be folded onto the Host takes nothing back.
      if (before.starts_with("open") && (after.starts_with("status") || before.starts_with(after))) after = before;
      ASSERT_TRUE(worth || after == before) << head << '|' << size << ' ' << before << " -> " << after;
      before = after;
    }
  }
}

TEST(HttpProgress, TellsFewBytesOfALongHead) {
  std::string head = "GET / HTTP/1.1\r\n";
  while (head.size() < kMaxRequestHead - 100) head += "a\n\tb\nHost: x\n";
  head += "\r\n";
  HeadProgress progress;
  int worth = 0;
  for (std::size_t size = 1; size < head.size(); ++size) worth += progress.follow(as_bytes(head).first(size)) ? 1 : 0;
  EXPECT_LE(worth, 40);
  EXPECT_TRUE(progress.follow(as_bytes(head))) << "the end is always told";
}

TEST(HttpProgress, TellsTheLimit) {
  const std::string head = "GET / HTTP/1.1\r\nX: " + std::string(kMaxRequestHead, 'x');
  HeadProgress progress;
  progress.follow(as_bytes(head).first(kMaxRequestHead - 1));
  EXPECT_TRUE(progress.follow(as_bytes(head).first(kMaxRequestHead)));
  EXPECT_TRUE(progress.ended());
  EXPECT_FALSE(progress.follow(as_bytes(head)));
}

TEST(HttpProgress, FollowsATrailerToItsEnd) {
  const std::string trailer = "A: b\r\nC: d\r\n\r\n";
  HeadProgress progress = HeadProgress::of_fields();
  for (std::size_t size = 1; size <= trailer.size(); ++size) {
    EXPECT_EQ(progress.follow(as_bytes(trailer).first(size)), size == trailer.size());
  }
}

}  // namespace
}  // namespace netscope::http
