#include "core/dpi/dns.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace netscope::dns {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets number(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
Octets joined(std::initializer_list<Octets> parts) {
  Octets out;
  for (const Octets& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}
Octets label(std::string_view text) {
  Octets out{static_cast<std::uint8_t>(text.size())};
  out.insert(out.end(), text.begin(), text.end());
  return out;
}
Octets name(std::initializer_list<std::string_view> labels) {
  Octets out;
  for (const std::string_view text : labels) out = joined({out, label(text)});
  return joined({out, {0}});
}
Octets pointer(std::size_t target) {
  return number(0xc000 | target);
}
Octets question(const Octets& wire_name, std::size_t type = 1, std::size_t wire_class = 1) {
  return joined({wire_name, number(type), number(wire_class)});
}

struct Header {
  std::size_t flags = 0x0100;
  std::size_t questions = 1, answers = 0, authorities = 0, additional = 0;
};
Octets header(const Header& fields) {
  return joined({number(0x1234), number(fields.flags), number(fields.questions), number(fields.answers),
                 number(fields.authorities), number(fields.additional)});
}
Octets query(const Octets& wire_name) {
  return joined({header({}), question(wire_name)});
}
const Octets kExample = name({"www", "Example", "com"});
const Octets kRecordRest = joined({number(1), number(1), {0, 0, 0, 60}, number(4), {192, 0, 2, 1}});
const Octets kOpt{0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};

Octets first(const Octets& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}
ParseStatus status_of(const Octets& datagram) {
  const auto message = std::make_unique<Message>();
  return parse_message(datagram, *message);
}
// "name/type" of each question, "..." when there are more; the status when it is not ok.
std::string questions_of(const Octets& datagram) {
  const auto message = std::make_unique<Message>();
  if (parse_message(datagram, *message) != ParseStatus::ok) return "no match";
  std::string out;
  for (std::size_t i = 0; i < message->question_count; ++i) {
    const Question& asked = message->questions[i];
    out += (i > 0 ? " " : "") + std::string(asked.name.view()) + "/" + std::to_string(asked.type);
  }
  return out + (message->more_questions ? " ..." : "");
}

TEST(Dns, ReadsAQuery) {
  Message message;
  ASSERT_EQ(parse_message(query(kExample), message), ParseStatus::ok);
  EXPECT_EQ(message.id, 0x1234);
  EXPECT_FALSE(message.response);
  EXPECT_EQ(message.opcode, 0);
  EXPECT_FALSE(message.more_questions);
  EXPECT_EQ(questions_of(query(kExample)), "www.example.com/1");
}

TEST(Dns, ReadsAResponse) {
  Message message;
  const Octets response =
      joined({header({.flags = 0x8183, .answers = 1}), question(kExample, 28), pointer(12), kRecordRest});
  ASSERT_EQ(parse_message(response, message), ParseStatus::ok);
  EXPECT_TRUE(message.response);
  EXPECT_EQ(message.rcode, 3);
  EXPECT_EQ(message.answer_count, 1);
  EXPECT_EQ(questions_of(response), "www.example.com/28");
}

TEST(Dns, IsNotDisturbedByEdnsOrAQueryForTheRoot) {
  EXPECT_EQ(questions_of(joined({header({.additional = 1}), question(kExample), kOpt})), "www.example.com/1");
  EXPECT_EQ(questions_of(joined({header({}), question({0}, 2)})), "./2");
}

TEST(Dns, ReadsUpdateNotifyAndInverseQueries) {
  EXPECT_EQ(questions_of(joined({header({.flags = 0x2800, .authorities = 1}), question(kExample, 6)})),
            "www.example.com/6");
  EXPECT_EQ(questions_of(joined({header({.flags = 0x2400}), question(kExample, 6)})), "www.example.com/6");
  EXPECT_EQ(status_of(joined({header({.flags = 0x0800, .questions = 0, .answers = 1}), {0}, kRecordRest})),
            ParseStatus::ok);
}

TEST(Dns, FollowsPointersOfSeveralQuestionsInMulticast) {
  const Octets message =
      joined({header({.flags = 0, .questions = 3, .answers = 1}), question(name({"_ipp", "_tcp", "local"}), 12, 0x8001),
              question(joined({label("Upstairs (2) Caf\xc3\xa9"), pointer(12)}), 255),
              question(joined({label("_http"), pointer(17)}), 12), pointer(12), kRecordRest});
  EXPECT_EQ(questions_of(message),
            "_ipp._tcp.local/12 upstairs\\032(2)\\032caf\\195\\169._ipp._tcp.local/255 _http._tcp.local/12");
}

TEST(Dns, EscapesDotsAndBackslashesInsideALabel) {
  EXPECT_EQ(questions_of(query(name({"a.b\\c", "com"}))), "a\\046b\\092c.com/1");
}

TEST(Dns, RefusesPointersThatLoopOrPointForwardOrIntoTheHeader) {
  for (const std::size_t target : {12u, 13u, 40u, 0u, 11u}) {
    EXPECT_EQ(status_of(query(pointer(target))), ParseStatus::no_match) << target;
  }
  EXPECT_EQ(status_of(query(joined({label("a"), pointer(12)}))), ParseStatus::no_match);
  EXPECT_EQ(status_of(query(joined({label("a"), pointer(14)}))), ParseStatus::no_match);
}

TEST(Dns, FollowsABoundedNumberOfPointers) {
  // The first name's label holds the root's name and 31 pointers, each to the one before it.
  constexpr std::size_t kRoot = 13, kFirstPointer = 14, kPointers = 31;
  Octets chain{0};
  for (std::size_t i = 0; i < kPointers; ++i)
    chain = joined({chain, pointer(i == 0 ? kRoot : kFirstPointer + 2 * (i - 1))});
  const Octets hiding = joined({{63}, chain, {0}});
  const Octets in_front = joined({header({.questions = 3}), question(hiding)});
  const Octets second = question(pointer(kFirstPointer + 2 * (kPointers - 1)));  // 32 pointers to follow
  const Octets third = question(pointer(in_front.size()));                       // 33
  Message message;
  ASSERT_EQ(parse_message(joined({in_front, second, third}), message), ParseStatus::ok);
  EXPECT_EQ(message.question_count, 2);
  EXPECT_EQ(message.questions[1].name.view(), ".");
  EXPECT_TRUE(message.more_questions);
}

TEST(Dns, HoldsTheLimitsOfLabelAndName) {
  const std::string longest(63, 'a');
  EXPECT_EQ(status_of(query(name({longest, longest, longest, std::string(61, 'b')}))), ParseStatus::ok);
  EXPECT_EQ(status_of(query(name({longest, longest, longest, std::string(62, 'b')}))), ParseStatus::no_match);
  EXPECT_EQ(status_of(query(joined({{64}, Octets(64, 'a'), {0}}))), ParseStatus::no_match);
  EXPECT_EQ(status_of(query(joined({{0x80}, Octets(64, 'a'), {0}}))), ParseStatus::no_match);
}

TEST(Dns, KeepsTheDomainOfATunnelsBinaryName) {
  const std::string binary(40, '\xe7');
  std::string escaped;
  for (std::size_t i = 0; i < binary.size(); ++i) escaped += "\\231";
  EXPECT_EQ(questions_of(query(name({binary, "t", "example"}))), escaped + ".t.example/1");
  EXPECT_EQ(questions_of(query(name({binary, binary, "t", "example"}))), escaped + ".t.example/1");
  EXPECT_EQ(questions_of(query(name({std::string(63, '\xe7'), "t", "example"}))), "t.example/1");
}

TEST(Dns, CountsMoreQuestionsThanItReads) {
  const auto asking = [](std::size_t count) {
    Octets message = header({.questions = count});
    for (std::size_t i = 0; i < count; ++i) message = joined({message, question(name({"a"}))});
    return message;
  };
  Message message;
  ASSERT_EQ(parse_message(asking(kMaxQuestions), message), ParseStatus::ok);
  EXPECT_EQ(message.question_count, kMaxQuestions);
  EXPECT_FALSE(message.more_questions);
  ASSERT_EQ(parse_message(asking(kMaxQuestions + 1), message), ParseStatus::ok);
  EXPECT_EQ(message.question_count, kMaxQuestions);
  EXPECT_TRUE(message.more_questions);
}

TEST(Dns, CountsTheQuestionsInFrontOfACut) {
  const Octets two = joined({header({.questions = 2}), question(kExample), question(name({"other"}))});
  const std::size_t one_is_whole = query(kExample).size();
  for (std::size_t length = 0; length < two.size(); ++length) {
    EXPECT_EQ(questions_of(first(two, length)), length < one_is_whole ? "no match" : "www.example.com/1 ...") << length;
  }
}

TEST(Dns, TakesMessagesWithoutAQuestionOnlyWithEvidence) {
  const Octets announced = joined({header({.flags = 0x8400, .questions = 0, .answers = 1}), kExample, kRecordRest});
  EXPECT_EQ(status_of(announced), ParseStatus::ok);
  EXPECT_EQ(status_of(joined({header({.questions = 0, .additional = 1}), kOpt})), ParseStatus::ok);
  EXPECT_EQ(status_of(header({.flags = 0x8181, .questions = 0})), ParseStatus::ok);  // a bare FORMERR
  EXPECT_EQ(status_of(header({.flags = 0x8180, .questions = 0})), ParseStatus::no_match);
  EXPECT_EQ(status_of(Octets(12, 0)), ParseStatus::no_match);
  EXPECT_EQ(status_of(Octets(200, 0)), ParseStatus::no_match);
  EXPECT_EQ(status_of(joined({header({.flags = 0x8181, .questions = 0}), {0}})), ParseStatus::no_match);
  EXPECT_EQ(status_of(joined({header({.flags = 0x8440, .questions = 0, .answers = 1}), kExample, kRecordRest})),
            ParseStatus::no_match);
  EXPECT_EQ(status_of(joined({header({.flags = 0x8400, .questions = 0, .answers = 1}), Octets(40, 0)})),
            ParseStatus::no_match);
}

TEST(Dns, RefusesUnknownOpcodesClassesAndCounts) {
  for (const std::size_t opcode : {3u, 6u, 7u, 15u}) {
    EXPECT_EQ(status_of(joined({header({.flags = opcode << 11}), question(kExample)})), ParseStatus::no_match);
  }
  for (const std::size_t wire_class : {0u, 2u, 5u, 256u, 0x8002u}) {
    EXPECT_EQ(status_of(joined({header({}), question(kExample, 1, wire_class)})), ParseStatus::no_match);
  }
  for (const std::size_t wire_class : {1u, 3u, 4u, 254u, 255u, 0x8001u, 0x80ffu}) {
    EXPECT_EQ(status_of(joined({header({}), question(kExample, 1, wire_class)})), ParseStatus::ok);
  }
  EXPECT_EQ(status_of(joined({header({}), question(kExample, 0)})), ParseStatus::no_match);
  EXPECT_EQ(status_of(joined({header({.answers = 0xffff}), question(kExample)})), ParseStatus::no_match);
}

TEST(Dns, CannotBeHiddenByBitsThatServersIgnore) {
  for (const std::size_t flags : {0x0140u, 0x0101u, 0x010fu, 0x0170u}) {
    EXPECT_EQ(questions_of(joined({header({.flags = flags}), question(kExample)})), "www.example.com/1");
  }
}

TEST(Dns, SurvivesEveryByteFlipped) {
  const Octets sample = joined({header({.questions = 2, .answers = 1}), question(kExample),
                                question(joined({label("a"), pointer(16)})), pointer(12), kRecordRest});
  Message message;
  std::size_t length = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    for (unsigned mask = 1; mask < 256; ++mask) {
      Octets flipped = sample;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
      parse_message(flipped, message);
      ASSERT_LE(message.question_count, kMaxQuestions);
      parse_stream(joined({number(flipped.size()), flipped}), message, length);
    }
  }
}

TEST(Dns, OfAStreamWaitsForTheQuestionsAndTellsWhereTheNextMessageBegins) {
  const Octets body = joined({header({.answers = 1}), question(kExample), pointer(12), kRecordRest});
  const Octets stream = joined({number(body.size()), body, {0, 9}});
  const std::size_t questions_end = 2 + query(kExample).size();
  for (std::size_t size = 0; size < stream.size(); ++size) {
    Message message;
    std::size_t length = 0;
    const ParseStatus status = parse_stream(first(stream, size), message, length);
    ASSERT_EQ(status, size < questions_end ? ParseStatus::need_more : ParseStatus::ok) << size;
    if (status == ParseStatus::ok) {
      EXPECT_EQ(length, 2 + body.size());
    }
  }
}

TEST(Dns, OfAStreamRefusesOtherProtocolsAndLengthsThatLie) {
  const auto status = [](const Octets& stream) {
    Message message;
    std::size_t length = 0;
    return parse_stream(stream, message, length);
  };
  const auto text = [](std::string_view characters) { return Octets(characters.begin(), characters.end()); };
  EXPECT_EQ(status(text("GET / HTTP/1.1\r\n")), ParseStatus::no_match);
  EXPECT_EQ(status(text("SSH-2.0-OpenSSH_9.2\r\n")), ParseStatus::no_match);
  EXPECT_EQ(status({0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 1, 2, 3, 4}),
            ParseStatus::no_match);
  EXPECT_EQ(status({0, 11}), ParseStatus::no_match);
  EXPECT_EQ(status(joined({number(query(kExample).size() - 1), query(kExample)})), ParseStatus::no_match);
}

TEST(Dns, FamilyGoesByThePortOfEitherEnd) {
  EXPECT_EQ(family(40000, 53), Protocol::dns);
  EXPECT_EQ(family(40000, 9999), Protocol::dns);
  EXPECT_EQ(family(5353, 5353), Protocol::mdns);
  EXPECT_EQ(family(40000, 5355), Protocol::llmnr);
  EXPECT_EQ(family(5355, 40000), Protocol::llmnr);
  EXPECT_EQ(family(137, 137), Protocol::unknown);
}

}  // namespace
}  // namespace netscope::dns
