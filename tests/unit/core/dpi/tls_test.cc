#include "core/dpi/tls.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

namespace netscope::tls {
namespace {

using Octets = std::vector<std::uint8_t>;

void append(Octets& to, const Octets& more) {
  to.insert(to.end(), more.begin(), more.end());
}
Octets number(std::size_t value, int bytes) {
  Octets out;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return out;
}
Octets prefixed(const Octets& content, int bytes) {
  Octets out = number(content.size(), bytes);
  append(out, content);
  return out;
}
Octets joined(std::initializer_list<Octets> parts) {
  Octets out;
  for (const Octets& part : parts) append(out, part);
  return out;
}
Octets text(std::string_view characters) {
  return {characters.begin(), characters.end()};
}

Octets extension(std::uint16_t type, const Octets& content) {
  return joined({number(type, 2), prefixed(content, 2)});
}
Octets server_name(std::string_view name) {
  return extension(0, prefixed(joined({{0}, prefixed(text(name), 2)}), 2));
}
Octets alpn(std::string_view protocol) {
  return extension(16, prefixed(prefixed(text(protocol), 1), 2));
}
Octets versions(std::initializer_list<std::uint16_t> offered) {
  Octets list;
  for (const std::uint16_t version : offered) append(list, number(version, 2));
  return extension(43, prefixed(list, 1));
}

Octets handshake(const Octets& body) {
  return joined({{1}, prefixed(body, 3)});
}
const Octets kHelloStart = joined({number(0x0303, 2), Octets(32, 0xab), prefixed(Octets(32, 0x11), 1),
                                   prefixed({0x13, 0x01, 0x13, 0x02}, 2), prefixed({0}, 1)});
Octets hello(std::initializer_list<Octets> extensions) {
  return handshake(joined({kHelloStart, prefixed(joined(extensions), 2)}));
}
Octets records(const Octets& message, std::size_t fragment, std::uint16_t version = 0x0301) {
  Octets out;
  for (std::size_t i = 0; i < message.size(); i += fragment) {
    const auto begin = message.begin() + static_cast<std::ptrdiff_t>(i);
    const Octets part(begin, begin + static_cast<std::ptrdiff_t>(std::min(fragment, message.size() - i)));
    append(out, joined({{22}, number(version, 2), prefixed(part, 2)}));
  }
  return out;
}
// In a buffer of its own of exactly that size, so that the sanitizer sees one byte too many.
Octets first(const Octets& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

const Octets kUsual = hello({extension(0x3a3a, {}), server_name("www.Example.com"), alpn("h2"),
                             versions({0x2a2a, 0x0304, 0x0303}), extension(21, Octets(40, 0))});

struct Answer {
  ParseStatus status = ParseStatus::no_match;
  std::string name{};
  bool complete = false;
};
Answer read_records(const Octets& stream) {
  std::vector<std::uint8_t> scratch(kMaxClientHello);
  const auto parsed = parse_records(stream, scratch);
  if (!parsed.ok()) return {.status = parsed.status};
  return {ParseStatus::ok, std::string(parsed->server_name), parsed->complete};
}

TEST(Tls, ReadsNameAlpnAndVersionOfAClientHello) {
  const auto parsed = parse_client_hello(kUsual);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->server_name, "www.Example.com");
  EXPECT_EQ(parsed->alpn, "h2");
  EXPECT_EQ(parsed->version, 0x0304);
  EXPECT_FALSE(parsed->encrypted);
  EXPECT_TRUE(parsed->complete);
}

TEST(Tls, MarksAnEncryptedHello) {
  for (const std::uint16_t type : std::to_array<std::uint16_t>({0xfe0d, 0xffce})) {
    const Octets message = hello({server_name("outer.example"), extension(type, {0, 1, 2})});
    const auto parsed = parse_client_hello(message);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(parsed->encrypted);
    EXPECT_EQ(parsed->server_name, "outer.example");
  }
}

TEST(Tls, TakesAHelloWithoutNameOrExtensions) {
  for (const Octets& message :
       {hello({}), hello({alpn("h2")}), handshake(kHelloStart), hello({extension(0, {})}), hello({server_name("")})}) {
    const auto parsed = parse_client_hello(message);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->server_name, "");
    EXPECT_TRUE(parsed->complete);
  }
}

TEST(Tls, TakesTheFirstNameOfTypeHostName) {
  const Octets list = joined(
      {{7}, prefixed(text("other"), 2), {0}, prefixed(text("a.example"), 2), {0}, prefixed(text("b.example"), 2)});
  const Octets message = hello({extension(0, prefixed(list, 2))});
  EXPECT_EQ(parse_client_hello(message)->server_name, "a.example");
}

TEST(Tls, ToleratesBytesBehindTheExtensions) {
  const Octets body = joined({kHelloStart, prefixed(server_name("a.example"), 2), {1, 2, 3}});
  const Octets message = handshake(body);
  const auto parsed = parse_client_hello(message);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->server_name, "a.example");
}

TEST(Tls, PrefersAnOfficialVersionToTheNumberOfADraft) {
  EXPECT_EQ(parse_client_hello(hello({versions({0x7f1c, 0x0303})}))->version, 0x0303);
  EXPECT_EQ(parse_client_hello(hello({versions({0x7f1c, 0x7f17})}))->version, 0x7f1c);
  EXPECT_EQ(parse_client_hello(hello({versions({0xfafa})}))->version, 0x0303);
}

TEST(Tls, RefusesLengthsThatLie) {
  const auto status = [](const Octets& message) { return parse_client_hello(message).status; };
  EXPECT_EQ(status(hello({server_name("a.example"), server_name("b.example")})), ParseStatus::malformed);
  EXPECT_EQ(status(hello({extension(0, number(20, 2))})), ParseStatus::malformed);
  EXPECT_EQ(status(hello({extension(16, number(20, 2))})), ParseStatus::malformed);
  EXPECT_EQ(status(hello({extension(43, {9, 3})})), ParseStatus::malformed);
  EXPECT_EQ(status(handshake({})), ParseStatus::malformed);
  EXPECT_EQ(status(handshake(first(kHelloStart, 60))), ParseStatus::malformed);
  EXPECT_EQ(status(handshake(joined({kHelloStart, number(9, 2)}))), ParseStatus::malformed);
}

TEST(Tls, EveryTruncationWaitsUntilTheNameIsRead) {
  const std::size_t name_end =
      joined({{1, 0, 0, 0}, kHelloStart, {0, 0}, extension(0x3a3a, {}), server_name("www.Example.com")}).size();
  for (std::size_t length = 0; length < kUsual.size(); ++length) {
    const Octets prefix = first(kUsual, length);
    const auto parsed = parse_client_hello(prefix);
    ASSERT_EQ(parsed.status, length < name_end ? ParseStatus::need_more : ParseStatus::ok) << length;
    if (parsed.ok()) {
      EXPECT_EQ(parsed->server_name, "www.Example.com");
      EXPECT_FALSE(parsed->complete);
    }
  }
}

TEST(Tls, EveryTruncationOfAHelloWithoutANameWaits) {
  for (const Octets& message : {hello({alpn("h2")}), handshake(kHelloStart)}) {
    for (std::size_t length = 0; length < message.size(); ++length) {
      ASSERT_EQ(parse_client_hello(first(message, length)).status, ParseStatus::need_more) << length;
    }
  }
}

TEST(Tls, AnyFragmentationIntoRecordsGivesTheSameHello) {
  for (std::size_t fragment = 1; fragment <= kUsual.size(); ++fragment) {
    const Answer answer = read_records(records(kUsual, fragment));
    ASSERT_EQ(answer.status, ParseStatus::ok) << fragment;
    ASSERT_EQ(answer.name, "www.Example.com") << fragment;
    ASSERT_TRUE(answer.complete);
  }
}

TEST(Tls, EveryTruncationOfRecordsWaitsOrGivesTheName) {
  for (const std::size_t fragment : {std::size_t{1}, std::size_t{7}, kUsual.size()}) {
    const Octets stream = records(kUsual, fragment);
    bool named = false;
    for (std::size_t length = 0; length < stream.size(); ++length) {
      const Answer answer = read_records(first(stream, length));
      named = named || answer.status == ParseStatus::ok;  // once said, it stays
      ASSERT_EQ(answer.status, named ? ParseStatus::ok : ParseStatus::need_more) << length;
      ASSERT_EQ(answer.name, named ? "www.Example.com" : "") << length;
    }
    EXPECT_TRUE(named);
  }
}

TEST(Tls, SurvivesEveryByteFlipped) {
  for (const Octets& sample : {records(kUsual, kUsual.size()), records(kUsual, 5)}) {
    for (std::size_t i = 0; i < sample.size(); ++i) {
      for (const unsigned mask : {0x01u, 0x80u, 0xffu}) {
        Octets flipped = sample;
        flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
        read_records(flipped);
        parse_client_hello(flipped);
        parse_server_records(flipped);
      }
    }
  }
}

TEST(Tls, SkipsEmptyRecordsAndIgnoresWhatFollowsTheHello) {
  const Octets empty{22, 3, 1, 0, 0};
  EXPECT_EQ(read_records(joined({empty, records(kUsual, 50), {20, 3, 3, 0, 1, 1}})).name, "www.Example.com");
  EXPECT_EQ(read_records(records(joined({kUsual, kUsual}), 9999)).name, "www.Example.com");
}

TEST(Tls, PassesOverChangeCipherSpecAheadOfTheHello) {
  const Octets empty{20, 3, 3, 0, 0}, ordinary{20, 3, 3, 0, 1, 1};
  for (const Octets& ahead : {empty, ordinary, joined({ordinary, empty, ordinary})}) {
    const Octets stream = joined({ahead, records(kUsual, 50)});
    EXPECT_EQ(read_records(stream).name, "www.Example.com");
    EXPECT_EQ(tls::length_of_records(stream, kUsual.size()), stream.size());
    EXPECT_EQ(read_records(first(stream, ahead.size())).status, ParseStatus::need_more);
  }
  EXPECT_EQ(read_records(joined({ordinary, {23, 3, 3, 0, 1, 1}})).status, ParseStatus::no_match);
}

TEST(Tls, FindsWhereARecordMayBegin) {
  EXPECT_EQ(tls::find_handshake_record(Octets{22, 22, 2, 22, 3, 1}), 3u);
  EXPECT_EQ(tls::find_handshake_record(Octets{1, 22}), 1u) << "the next byte is still to come";
  EXPECT_EQ(tls::find_handshake_record(Octets{1, 22, 4}), 3u);
  EXPECT_EQ(tls::find_handshake_record(Octets{}), 0u);
}

TEST(Tls, TakesEveryRecordVersionOfMajorThree) {
  for (const std::uint16_t version : std::to_array<std::uint16_t>({0x0300, 0x0303, 0x0304, 0x03ff})) {
    EXPECT_EQ(read_records(records(kUsual, 100, version)).status, ParseStatus::ok);
  }
  EXPECT_EQ(read_records(records(kUsual, 100, 0x0201)).status, ParseStatus::no_match);
}

TEST(Tls, AnswersNoMatchWithTheFirstByteThatShowsIt) {
  for (const Octets& stream :
       {Octets{'G'}, Octets{20, 3, 3, 0, 2}, Octets{23}, Octets{22, 2}, Octets{22, 3, 1, 0xff, 0xff},
        Octets{22, 3, 3, 0, 40, 2}, Octets{22, 3, 3, 0, 40, 1, 0x7f, 0, 0}}) {
    EXPECT_EQ(read_records(stream).status, ParseStatus::no_match);
    EXPECT_EQ(read_records(first(stream, stream.size() - 1)).status, ParseStatus::need_more);
  }
}

TEST(Tls, KeepsTheNameWhenTheRecordsBreakOffBehindIt) {
  const Octets head = records(first(kUsual, 110), 110);
  EXPECT_EQ(read_records(joined({head, {21, 3, 3, 0, 2, 1, 0}})).name, "www.Example.com");
  EXPECT_EQ(read_records(joined({records(first(kUsual, 50), 50), {21, 3, 3, 0, 2, 1, 0}})).status,
            ParseStatus::malformed);
}

// Whatever its records are, and where in it the name stands.
TEST(Tls, ReadsTheNameAtTheEndOfALargeHello) {
  for (const std::size_t size : {17'000u, 60'000u, 65'000u}) {
    const Octets message = hello({extension(21, Octets(size, 0)), server_name("a.example")});
    for (const std::size_t fragment : {16'384u, 1000u, 7u, 1u}) {
      const Octets stream = records(message, fragment);
      EXPECT_EQ(read_records(stream).name, "a.example") << size << ' ' << fragment;
      EXPECT_EQ(read_records(first(stream, stream.size() - 1)).status, ParseStatus::need_more);
    }
  }
}

// Extensions hold 64 KiB at most; what makes a hello longer stands behind them.
TEST(Tls, HoldsTheLimitOfAMessage) {
  const auto of_size = [](std::size_t size) {
    Octets body = joined({kHelloStart, prefixed(server_name("a.example"), 2)});
    body.resize(size - 4);
    return handshake(body);
  };
  EXPECT_EQ(read_records(records(of_size(kMaxClientHello), 16'384)).name, "a.example");
  EXPECT_TRUE(read_records(records(of_size(kMaxClientHello), 16'384)).complete);
  EXPECT_FALSE(read_records(records(first(of_size(kMaxClientHello), kMaxClientHello - 1), 16'384)).complete);
  EXPECT_EQ(parse_client_hello(of_size(kMaxClientHello + 1)).status, ParseStatus::no_match);
}

TEST(Tls, PassesOverAnEmptyChangeCipherSpecAheadOfTheHello) {
  for (const Octets& ahead :
       {Octets{20, 3, 3, 0, 0}, Octets{20, 3, 3, 0, 1, 1}, Octets{20, 3, 3, 0, 0, 20, 3, 3, 0, 0}}) {
    EXPECT_EQ(read_records(joined({ahead, records(kUsual, 100)})).name, "www.Example.com");
  }
  EXPECT_EQ(read_records(joined({{20, 3, 3, 0, 2, 1, 1}, records(kUsual, 100)})).status, ParseStatus::no_match);
}

TEST(Tls, TakesAnSslv2HelloWithoutAName) {
  const Octets body = joined({{1, 3, 1}, number(6, 2), number(0, 2), number(16, 2), Octets(22, 5)});
  const Octets stream = joined({number(0x8000 + body.size(), 2), body});
  EXPECT_EQ(read_records(stream).status, ParseStatus::ok);
  for (std::size_t length = 0; length < stream.size(); ++length) {
    EXPECT_EQ(read_records(first(stream, length)).status, ParseStatus::need_more);
  }
  Octets wrong = stream;
  wrong[1] ^= 1;
  EXPECT_EQ(read_records(wrong).status, ParseStatus::no_match);
  EXPECT_EQ(read_records({0x82, 0x85, 0x37}).status, ParseStatus::no_match);
}

TEST(Tls, KnowsAServersFirstRecord) {
  const auto status = [](const Octets& stream) { return parse_server_records(stream).status; };
  const Octets server_hello{22, 3, 3, 0, 80, 2};
  ASSERT_TRUE(parse_server_records(server_hello).ok());
  EXPECT_TRUE(*parse_server_records(server_hello));
  const Octets alert{21, 3, 1, 0, 2, 2, 40};
  ASSERT_TRUE(parse_server_records(alert).ok());
  EXPECT_FALSE(*parse_server_records(alert));
  for (std::size_t length = 0; length < 6; ++length) {
    EXPECT_EQ(status(first(server_hello, length)), ParseStatus::need_more);
    EXPECT_EQ(status(first(alert, length)), ParseStatus::need_more);
  }
  for (const Octets& other : {Octets{'H'}, Octets{22, 3, 3, 0, 80, 1}, Octets{21, 3, 3, 0, 2, 7}, Octets{23, 3}}) {
    EXPECT_EQ(status(other), ParseStatus::no_match);
  }
}

TEST(Tls, NamesVersions) {
  EXPECT_EQ(version_name(0x0304), "TLS 1.3");
  EXPECT_EQ(version_name(0x0300), "SSL 3.0");
  EXPECT_EQ(version_name(0x7f1c), "TLS 1.3 draft");
  EXPECT_EQ(version_name(0x1234), "unknown");
}

}  // namespace
}  // namespace netscope::tls
