#include "core/dpi/dns.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "core/dpi/dns_name.h"

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

TEST(Dns, FollowsPointersForwardAsManyServersDo) {
  // The name begins behind the question, in it, or in the id.
  EXPECT_EQ(questions_of(joined({header({}), question(pointer(18)), kExample})), "www.example.com/1");
  EXPECT_EQ(questions_of(joined({header({}), question(joined({label("www"), pointer(22)})), name({"example", "com"})})),
            "www.example.com/1");
  EXPECT_EQ(questions_of(joined({header({.questions = 2}), question(pointer(18)), question(kExample, 28)})),
            "www.example.com/1 www.example.com/28");
  Octets of_header = query(pointer(0));
  of_header[0] = 0;
  EXPECT_EQ(questions_of(of_header), "./1");
}

TEST(Dns, RefusesPointersThatLoopOrLeadOutOfTheMessage) {
  for (const std::size_t target : {12u, 13u, 0u, 40u, 0x3fffu}) {
    EXPECT_NE(status_of(query(pointer(target))), ParseStatus::ok) << target;
  }
  EXPECT_NE(status_of(query(joined({label("a"), pointer(12)}))), ParseStatus::ok);
  EXPECT_NE(status_of(query(joined({label("a"), pointer(14)}))), ParseStatus::ok);
}

TEST(Dns, FollowsABoundedNumberOfPointers) {
  // Behind the question, each pointer leads to the next, and the last to a name.
  const auto asking_through = [](int pointers) {
    Octets message = joined({header({}), question(pointer(18))});
    for (int i = 1; i < pointers; ++i) message = joined({message, pointer(message.size() + 2)});
    return joined({message, kExample});
  };
  EXPECT_EQ(questions_of(asking_through(kMaxPointers)), "www.example.com/1");
  EXPECT_EQ(status_of(asking_through(kMaxPointers + 1)), ParseStatus::malformed);
  // All questions share them.
  Octets twice = joined({header({.questions = 2}), question(pointer(24)), question(pointer(24))});
  for (int i = 1; i < kMaxPointers - 1; ++i) twice = joined({twice, pointer(twice.size() + 2)});
  EXPECT_EQ(questions_of(joined({twice, kExample})), "www.example.com/1 ...");
}

TEST(Dns, HoldsTheLimitsOfLabelAndName) {
  const std::string longest(63, 'a');
  EXPECT_EQ(status_of(query(name({longest, longest, longest, std::string(61, 'b')}))), ParseStatus::ok);
  EXPECT_EQ(status_of(query(name({longest, longest, longest, std::string(62, 'b')}))), ParseStatus::malformed);
  EXPECT_EQ(status_of(query(joined({{64}, Octets(64, 'a'), {0}}))), ParseStatus::malformed);
  EXPECT_EQ(status_of(query(joined({{0x80}, Octets(64, 'a'), {0}}))), ParseStatus::malformed);
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

TEST(Dns, RefusesUnknownClasses) {
  for (const std::size_t wire_class : {0u, 2u, 5u, 256u, 0x8002u}) {
    EXPECT_EQ(status_of(joined({header({}), question(kExample, 1, wire_class)})), ParseStatus::malformed);
  }
  for (const std::size_t wire_class : {1u, 3u, 4u, 254u, 255u, 0x8001u, 0x80ffu}) {
    EXPECT_EQ(status_of(joined({header({}), question(kExample, 1, wire_class)})), ParseStatus::ok);
  }
  EXPECT_EQ(status_of(joined({header({}), question(kExample, 0)})), ParseStatus::malformed);
}

TEST(Dns, CannotBeHiddenByAHeaderThatLies) {
  for (std::size_t opcode = 0; opcode < 16; ++opcode) {
    EXPECT_EQ(questions_of(joined({header({.flags = opcode << 11}), question(kExample)})), "www.example.com/1");
  }
  for (const Header& lie : {Header{.answers = 0xffff}, Header{.authorities = 0xffff}, Header{.additional = 0xffff},
                            Header{.answers = 0xffff, .authorities = 0xffff, .additional = 0xffff}}) {
    EXPECT_EQ(questions_of(joined({header(lie), question(kExample)})), "www.example.com/1");
    EXPECT_EQ(questions_of(joined({header(lie), question(kExample), Octets(40, 0xff)})), "www.example.com/1");
  }
  for (const std::size_t questions : {2u, 16u, 17u, 0xffffu}) {
    EXPECT_EQ(questions_of(joined({header({.questions = questions}), question(kExample)})), "www.example.com/1 ...");
  }
}

TEST(Dns, TakesTheRootsNameForAQuestionOnlyBehindALikelyHeader) {
  EXPECT_EQ(questions_of(joined({header({}), question({0})})), "./1");
  EXPECT_EQ(status_of(joined({header({.flags = 0x3900}), question({0})})), ParseStatus::no_match);
  EXPECT_EQ(status_of(joined({header({.questions = 2, .answers = 0xffff}), question({0})})), ParseStatus::no_match);
}

TEST(Dns, TellsWhatHasItsFormAndCannotBeReadFromOtherThings) {
  const Octets broken = joined({{64}, Octets(64, 'a'), {0}});
  EXPECT_EQ(status_of(query(broken)), ParseStatus::malformed);
  EXPECT_EQ(status_of(joined({header({.flags = 0x3900}), question(broken)})), ParseStatus::no_match);
  EXPECT_EQ(status_of(joined({header({.questions = 2}), question(broken)})), ParseStatus::no_match);
  EXPECT_EQ(status_of(first(query(kExample), 20)), ParseStatus::no_match);  // cut off
  EXPECT_EQ(status_of(Octets(200, 0x40)), ParseStatus::no_match);
}

TEST(Dns, ReadsStatefulOperationsInStreamsAlone) {
  const Octets keepalive = joined({number(1), number(8), Octets(8, 0)});
  const auto in_stream = [](const Octets& body) {
    Message message;
    std::size_t length = 0;
    const ParseStatus status = parse_stream(joined({number(body.size()), body}), message, length);
    EXPECT_EQ(message.question_count, 0);
    EXPECT_EQ(length, 2 + body.size());
    return status;
  };
  const auto stateful = [](std::size_t flags) { return header({.flags = 0x3000 | flags, .questions = 0}); };
  EXPECT_EQ(in_stream(joined({stateful(0), keepalive})), ParseStatus::ok);
  EXPECT_EQ(in_stream(joined({stateful(0x8000), keepalive})), ParseStatus::ok);
  EXPECT_EQ(in_stream(stateful(0x8004)), ParseStatus::ok);  // "not implemented"
  EXPECT_EQ(in_stream(stateful(0)), ParseStatus::no_match);
  EXPECT_EQ(in_stream(joined({stateful(0x0100), keepalive})), ParseStatus::no_match);
  EXPECT_EQ(in_stream(joined({stateful(0), number(1), number(9), Octets(8, 0)})), ParseStatus::no_match);
  EXPECT_EQ(status_of(joined({stateful(0), keepalive})), ParseStatus::no_match);
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

TEST(Dns, OfAStreamDoesNotWaitForOtherProtocolsOrLengthsThatLie) {
  Message message;
  std::size_t length = 0;
  const auto waited_for = [&](const Octets& stream) {
    return parse_stream(stream, message, length) == ParseStatus::need_more && message.likely;
  };
  const auto text = [](std::string_view characters) { return Octets(characters.begin(), characters.end()); };
  EXPECT_FALSE(waited_for(text("GET / HTTP/1.1\r\n")));
  EXPECT_FALSE(waited_for(text("SSH-2.0-OpenSSH_9.2\r\n")));
  EXPECT_FALSE(waited_for({0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 1, 2, 3, 4}));
  EXPECT_EQ(parse_stream(Octets{0, 11}, message, length), ParseStatus::no_match);
  const Octets short_of_one = joined({number(query(kExample).size() - 1), query(kExample)});
  EXPECT_EQ(parse_stream(short_of_one, message, length), ParseStatus::malformed);
  EXPECT_EQ(length, short_of_one.size() - 1);
}

TEST(Dns, OfAStreamWaitsForWhatAPointerLeadsTo) {
  const Octets body = joined({header({}), question(pointer(60)), Octets(42, 0xff), kExample, Octets(300, 0xff)});
  const Octets stream = joined({number(body.size()), body});
  for (std::size_t size = 0; size < stream.size(); ++size) {
    Message message;
    std::size_t length = 0;
    ASSERT_EQ(parse_stream(first(stream, size), message, length),
              size < 2 + 60 + kExample.size() ? ParseStatus::need_more : ParseStatus::ok)
        << size;
  }
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
