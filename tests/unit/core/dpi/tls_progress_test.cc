#include "core/dpi/tls_progress.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/dpi/tls.h"
#include "support/payloads.h"

namespace netscope::test {
namespace {

std::string told(const Parsed<tls::ClientHello>& parsed) {
  if (!parsed.ok()) return "status " + std::to_string(static_cast<int>(parsed.status));
  return (parsed->complete ? "whole " : "open ") + std::string(parsed->server_name);
}

bool goes_on(std::string_view answer) {
  return answer.starts_with("open") || answer == told(Parsed<tls::ClientHello>(ParseStatus::need_more));
}

std::string told_of_records(Bytes stream) {
  static std::vector<std::uint8_t> scratch(tls::kMaxClientHello);
  return told(tls::parse_records(stream, scratch));
}

std::string told_of_message(Bytes message) {
  return told(tls::parse_client_hello(message));
}

// Where the answer changes, it was worth reading, or the message has ended; the number of times that it was worth it.
template <typename Answer, typename Follow>
int times_worth(Bytes bytes, const tls::HelloProgress& progress, Answer answer, Follow follow) {
  int times = 0;
  std::string before = answer(Bytes{});
  for (std::size_t size = 1; size <= bytes.size() && goes_on(before); ++size) {
    const bool worth = follow(bytes.first(size));
    const std::string after = answer(bytes.first(size));
    EXPECT_TRUE(worth || progress.ended() || after == before) << size << ": " << before << " -> " << after;
    times += worth ? 1 : 0;
    before = after;
  }
  return times;
}

int times_worth_records(Bytes stream) {
  tls::HelloProgress progress;
  return times_worth(stream, progress, told_of_records, [&](Bytes bytes) { return progress.follow_records(bytes); });
}

int times_worth_message(Bytes message) {
  tls::HelloProgress progress;
  return times_worth(message, progress, told_of_message, [&](Bytes bytes) { return progress.follow_message(bytes); });
}

TEST(TlsProgress, MissesNoChangeOfTheAnswer) {
  for (const std::size_t record : {1u, 2u, 7u, 100u, 10'000u}) {
    for (const std::string_view name : {"", "www.example.com"}) {
      const Buffer message = client_hello_message(name);
      EXPECT_LE(times_worth_records(tls_handshake_records(message, record)), 4);
      EXPECT_LE(times_worth_records(
                    join({tls_record(20, {}), tls_record(20, Buffer{1}), tls_handshake_records(message, record)})),
                4);
      EXPECT_LE(times_worth_message(message), 4);
    }
  }
}

TEST(TlsProgress, MissesNoChangeOfWhatWasDamaged) {
  std::mt19937 engine(11);
  const Buffer message = client_hello_message("www.example.com", {.alpn = {"h2"}, .version = 0x0303});
  for (int round = 0; round < 1500; ++round) {
    Buffer damaged = round % 2 == 0 ? message : tls_handshake_records(message, 1 + engine() % 60);
    for (auto flips = 1 + engine() % 2; flips > 0; --flips) {
      damaged[engine() % damaged.size()] = static_cast<std::uint8_t>(engine() % 5 == 0 ? engine() : engine() % 4);
    }
    EXPECT_LE(round % 2 == 0 ? times_worth_message(damaged) : times_worth_records(damaged), 6);
    ASSERT_FALSE(HasFailure()) << round;
  }
}

TEST(TlsProgress, TellsRecordsThatBreakOffBehindTheNameOnce) {
  const Buffer hello = client_hello("www.example.com", {.record_bytes = 100});
  const Buffer stream = join({Buffer(hello.begin(), hello.begin() + 210), Buffer(500, 21)});
  EXPECT_LE(times_worth_records(stream), 4);
}

}  // namespace
}  // namespace netscope::test
