#include "core/dpi/http.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace netscope::http {
namespace {

const std::string kUsual =
    "GET /index.html?q=1 HTTP/1.1\r\nAccept: */*\r\nHost: www.Example.com:8080\r\nUser-Agent: test/1.0 (a; b)\r\n\r\n";

// The answer with a copy of the input, in a buffer of exactly that size, so that the sanitizer sees one byte too many.
struct Answer {
  explicit Answer(std::string_view text)
      : input(text.begin(), text.end()), parsed(parse_request({input.data(), input.size()})) {}
  ParseStatus status() const { return parsed.status; }
  const Request* operator->() const { return &parsed->request; }

  std::vector<std::uint8_t> input;
  Parsed<RequestPrefix> parsed;
};
std::string host_of(std::string_view text) {
  const Answer answer(text);
  return answer.status() == ParseStatus::ok ? std::string(answer->effective_host()) : "not ok";
}
std::string host_field(std::string_view field) {
  return host_of("GET / HTTP/1.1\r\n" + std::string(field) + "\r\n\r\n");
}
ParseStatus status_of(std::string_view text) {
  return Answer(text).status();
}

TEST(Http, ReadsARequest) {
  const Answer answer(kUsual);
  ASSERT_EQ(answer.status(), ParseStatus::ok);
  EXPECT_TRUE(answer.parsed->head_complete);
  EXPECT_EQ(answer->method, "GET");
  EXPECT_EQ(answer->target, "/index.html?q=1");
  EXPECT_EQ(answer->host, "www.Example.com:8080");
  EXPECT_EQ(answer->second_host, "");
  EXPECT_EQ(answer->authority, "");
  EXPECT_EQ(answer->user_agent, "test/1.0 (a; b)");
  EXPECT_EQ(answer->body, Body::none);
  EXPECT_EQ(answer->head_length, kUsual.size());
}

TEST(Http, EveryTruncationWaitsUntilTheHostLineHasEnded) {
  const std::size_t host_end = kUsual.find("8080\r\n") + 6;
  for (std::size_t length = 0; length < kUsual.size(); ++length) {
    const Answer answer(std::string_view(kUsual).substr(0, length));
    ASSERT_EQ(answer.status(), length < host_end ? ParseStatus::need_more : ParseStatus::ok) << length;
    if (answer.status() != ParseStatus::ok) continue;
    EXPECT_EQ(answer->host, "www.Example.com:8080");
    EXPECT_FALSE(answer.parsed->head_complete);
  }
}

TEST(Http, SurvivesEveryByteFlipped) {
  for (std::size_t i = 0; i < kUsual.size(); ++i) {
    for (int mask = 1; mask < 256; ++mask) {
      std::string flipped = kUsual;
      flipped[i] = static_cast<char>(flipped[i] ^ mask);
      const Answer answer(flipped);
      skip_chunks({answer.input.data(), answer.input.size()});
      parse_status_line({answer.input.data(), answer.input.size()});
    }
  }
}

TEST(Http, FindsTheHostHoweverItIsWritten) {
  for (const char* field : {"Host: a.example", "hOST:a.example", "Host :  a.example \t", "host\t:\ta.example",
                            "Host:\r\n a.example", "Host: \r\n\t\r\n a.example", " Host: a.example",
                            "X: y\r\n folded\r\nHost: a.example", "no field\r\nHost: a.example"}) {
    EXPECT_EQ(host_field(field), "a.example") << field;
  }
  EXPECT_EQ(host_of("GET / HTTP/1.1\nHost: a.example\n\n"), "a.example");
  EXPECT_EQ(host_of("\r\n\n\r\nGET / HTTP/1.0\r\nHost: a.example\r\n\r\n"), "a.example");
}

TEST(Http, IsNotFooledByOtherFields) {
  EXPECT_EQ(host_field("X-Host: b.example\r\nHosts: c.example\r\nX: Host: d.example\r\n Host: e.example"), "");
}

TEST(Http, WaitsForAFoldWhileTheHostHasNoValue) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n"), ParseStatus::need_more);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n a.exam"), ParseStatus::need_more);
  EXPECT_EQ(host_of("GET / HTTP/1.1\r\nHost:\r\nX"), "");
}

TEST(Http, DoesNotTakeABodyForAFold) {
  const Answer answer("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\n x ");
  ASSERT_EQ(answer.status(), ParseStatus::ok);
  EXPECT_EQ(answer->head_length + 3, answer.input.size());
}

TEST(Http, TakesTheFirstOfTwoHostsAndShowsTheOther) {
  const Answer two(
      "GET / HTTP/1.1\r\nHost: a.example\r\nHost: A.EXAMPLE\r\nHost: b.example\r\nHost: c.example\r\n\r\n");
  ASSERT_EQ(two.status(), ParseStatus::ok);
  EXPECT_EQ(two->host, "a.example");
  EXPECT_EQ(two->second_host, "b.example");
  const Answer empty_first("GET / HTTP/1.1\r\nHost:\r\nHost: b.example\r\n\r\n");
  EXPECT_EQ(empty_first->host, "");
  EXPECT_EQ(empty_first->second_host, "b.example");
}

TEST(Http, PrefersTheAuthorityOfTheTargetToTheHost) {
  const auto host = [](const std::string& target) {
    return host_of("GET " + target + " HTTP/1.1\r\nHost: h.example\r\n\r\n");
  };
  EXPECT_EQ(host("http://a.example/path"), "a.example");
  EXPECT_EQ(host("https://user:word@a.example:8443?q"), "user:word@a.example:8443");
  EXPECT_EQ(host("coap+tcp://a.example"), "a.example");
  EXPECT_EQ(host("/http://a.example/"), "h.example");
  EXPECT_EQ(host("//a.example/"), "h.example");
  EXPECT_EQ(host("*"), "h.example");
  const Answer tunnel("CONNECT a.example:443 HTTP/1.1\r\nHost: h.example\r\n\r\n");
  EXPECT_EQ(tunnel->authority, "a.example:443");
  EXPECT_EQ(tunnel->body, Body::tunnel);
}

TEST(Http, TakesUnknownMethodsOnlyWithAVersion) {
  EXPECT_EQ(host_of("FROB /x HTTP/1.1\r\nHost: a.example\r\n\r\n"), "a.example");
  EXPECT_EQ(status_of("FROB /x\r\n"), ParseStatus::no_match);
  EXPECT_EQ(status_of("EHLO mail.example\r\n"), ParseStatus::no_match);
  EXPECT_EQ(host_of("a1!#$%&'*+-.^_`|~Z / HTTP/1.1\r\nHost: a.example\r\n\r\n"), "a.example");
  EXPECT_EQ(status_of(std::string(8192, 'A') + " / HTTP/1.1\r\n\r\n"), ParseStatus::ok);
  EXPECT_EQ(status_of(std::string(8193, 'A')), ParseStatus::no_match);
  EXPECT_EQ(status_of("a(b) / HTTP/1.1\r\n\r\n"), ParseStatus::no_match);
}

TEST(Http, TakesARequestOfHttp09WithoutFields) {
  const Answer answer("GET /page\r\nHost: a.example\r\n\r\n");
  ASSERT_EQ(answer.status(), ParseStatus::ok);
  EXPECT_TRUE(answer.parsed->head_complete);
  EXPECT_EQ(answer->host, "");
  EXPECT_EQ(answer->head_length, 11u);
  EXPECT_EQ(host_of("GET http://a.example/\n"), "a.example");
}

TEST(Http, LeavesOtherProtocolsAlone) {
  for (const char* text : {"OPTIONS rtsp://a.example/ RTSP/1.0\r\n", "INVITE sip:a@b.example SIP/2.0\r\n",
                           "NOTIFY sip:a@b.example SIP/2.0\r\n", "REQMOD icap://a.example/ ICAP/1.0\r\n",
                           "HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example\r\n", "GET key\r\n",
                           "GNUTELLA CONNECT/0.6\r\n", "GET\r\n", "GET \r\n", " GET / HTTP/1.1\r\n", "\x16\x03\x01",
                           "GET /\x01 HTTP/1.1\r\n", "POST\r\n", "HEAD <id@news.example>\r\n"}) {
    EXPECT_EQ(status_of(text), ParseStatus::no_match) << text;
  }
}

TEST(Http, TakesTargetsWithSpacesAndBytesAboveAscii) {
  const Answer answer("GET  /a b\xc3\xa9  HTTP/1.1 \r\nHost: a.example\r\n\r\n");
  ASSERT_EQ(answer.status(), ParseStatus::ok);
  EXPECT_EQ(answer->target, "/a b\xc3\xa9");
}

TEST(Http, PassesOverEmptyLinesInFront) {
  EXPECT_EQ(status_of(std::string(17, '\n') + kUsual), ParseStatus::ok);
  EXPECT_EQ(status_of(std::string(kMaxRequestHead - 1000, '\n') + kUsual), ParseStatus::ok);
  EXPECT_EQ(status_of("\r\n"), ParseStatus::need_more);
  EXPECT_EQ(status_of(std::string(kMaxRequestHead - 1, '\n')), ParseStatus::need_more);
  EXPECT_EQ(status_of(std::string(kMaxRequestHead, '\n') + kUsual), ParseStatus::no_match);
}

TEST(Http, LimitsTheHead) {
  const std::string start = "GET / HTTP/1.1\r\nX: ";
  const std::string end = "\r\nHost: a.example\r\n\r\n";
  const std::string fits = start + std::string(kMaxRequestHead - start.size() - end.size(), 'x') + end;
  EXPECT_EQ(host_of(fits), "a.example");
  EXPECT_EQ(host_of(fits + "next"), "a.example");
  const std::string longer = start + std::string(kMaxRequestHead - start.size(), 'x') + end;
  EXPECT_EQ(status_of(longer), ParseStatus::malformed);
  EXPECT_EQ(status_of(longer.substr(0, kMaxRequestHead - 1)), ParseStatus::need_more);
  const std::string host_in_front = "GET / HTTP/1.1\r\nHost: a.example\r\nX: " + std::string(kMaxRequestHead, 'x');
  EXPECT_EQ(host_of(host_in_front), "a.example");
  EXPECT_EQ(status_of("GET /" + std::string(kMaxRequestHead, 'x')), ParseStatus::malformed);
  EXPECT_EQ(status_of("FROB /" + std::string(kMaxRequestHead, 'x')), ParseStatus::no_match);
}

TEST(Http, TakesHeadsAsLongAsServersDo) {
  const std::string line = "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n";
  EXPECT_EQ(host_of(line + "Host: a.example\r\n\r\n"), "a.example");
  std::string fields;
  while (fields.size() < 64 * 1024) fields += "Cookie: " + std::string(4000, 'c') + "\r\n";
  EXPECT_EQ(host_of(line + fields + "Host: a.example\r\n\r\n"), "a.example");
}

struct BodyCase {
  const char* fields;
  Body body;
  std::uint64_t length = 0;
};

TEST(Http, TellsWhereTheBodyEnds) {
  for (const BodyCase& c : {
           BodyCase{"X: y", Body::none},
           BodyCase{"Content-Length: 0", Body::none},
           BodyCase{"Content-Length: 17", Body::length, 17},
           BodyCase{"Content-Length: 17\r\ncontent-length: 17, 17", Body::length, 17},
           BodyCase{"Content-Length: 17\r\nContent-Length: 18", Body::tunnel},
           BodyCase{"Content-Length: 0\r\nContent-Length: 18", Body::tunnel},
           BodyCase{"Content-Length: -1", Body::tunnel},
           BodyCase{"Content-Length:", Body::tunnel},
           BodyCase{"Content-Length: 999999999999999999", Body::length, 999999999999999999},
           BodyCase{"Content-Length: 1000000000000000000", Body::tunnel},
           BodyCase{"Content-Length: 00000000000000000000000000000017", Body::length, 17},
           BodyCase{"Content-Length: 00000000000000000000000000000000", Body::none},
           BodyCase{"Transfer-Encoding: gzip, Chunked", Body::chunked},
           BodyCase{"Transfer-Encoding: chunked\r\nContent-Length: 17", Body::chunked},
           BodyCase{"Transfer-Encoding: chunked, gzip", Body::tunnel},
           BodyCase{"Transfer-Encoding: identity", Body::none},
           BodyCase{"Connection: Upgrade\r\nUpgrade: websocket", Body::none},
       }) {
    const Answer answer("POST / HTTP/1.1\r\n" + std::string(c.fields) + "\r\n\r\n");
    ASSERT_EQ(answer.status(), ParseStatus::ok) << c.fields;
    EXPECT_EQ(answer->body, c.body) << c.fields;
    EXPECT_EQ(answer->body_length, c.length) << c.fields;
  }
}

TEST(Http, TakesThePrefaceOfHttp2ForATunnel) {
  const Answer answer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  ASSERT_EQ(answer.status(), ParseStatus::ok);
  EXPECT_EQ(answer->body, Body::tunnel);
}

TEST(Http, KnowsAStatusLine) {
  EXPECT_EQ(parse_status_line(as_bytes("HTTP/1.0 200 OK")), ParseStatus::ok);
  EXPECT_EQ(parse_status_line(as_bytes("HTTP/1")), ParseStatus::need_more);
  EXPECT_EQ(parse_status_line({}), ParseStatus::need_more);
  EXPECT_EQ(parse_status_line(as_bytes("HTTP/2")), ParseStatus::no_match);
  EXPECT_EQ(parse_status_line(as_bytes("GET / HTTP/1.1")), ParseStatus::no_match);
}

TEST(HttpChunks, EndBehindTheTrailer) {
  const std::string body = "4\r\nWiki\r\n00A;name=\"v\"\r\n0123456789\r\n0\r\nExpires: never\r\n\r\n";
  const ChunkSkip all = skip_chunks(as_bytes(body + "GET /"));
  EXPECT_EQ(all.status, ParseStatus::ok);
  EXPECT_EQ(all.skip, body.size());
  EXPECT_EQ(skip_chunks(as_bytes("1\nx\n0\n\n")).skip, 7u);
}

TEST(HttpChunks, AreSkippedInAnySegmentation) {
  const std::string body = "4\r\nWiki\r\n00A;name=\"v\"\r\n0123456789\r\n0\r\nExpires: never\r\n\r\n";
  for (std::size_t segment = 1; segment <= body.size(); ++segment) {
    std::size_t done = 0;
    ChunkSkip step;
    for (std::size_t arrived = segment; step.status == ParseStatus::need_more; arrived += segment) {
      ASSERT_LT(arrived, body.size() + segment);
      if (arrived < done) continue;
      const std::string held = body.substr(done, std::min(arrived, body.size()) - done);
      step = skip_chunks(as_bytes(held));
      done += step.skip;
    }
    EXPECT_EQ(step.status, ParseStatus::ok) << segment;
    EXPECT_EQ(done, body.size()) << segment;
  }
}

TEST(HttpChunks, ReachBeyondWhatHasArrived) {
  const ChunkSkip beyond = skip_chunks(as_bytes("ffffffff\r\nabc"));
  EXPECT_EQ(beyond.status, ParseStatus::need_more);
  EXPECT_EQ(beyond.skip, std::uint64_t{0xffffffff} + 12);
}

TEST(HttpChunks, MayHaveLeadingZeros) {
  const ChunkSkip skipped =
      skip_chunks(as_bytes("0000000000000000000002;a=b\r\nab\r\n00000000000000000000\r\nA: b\r\n\r\n"));
  EXPECT_EQ(skipped.status, ParseStatus::ok);
}

TEST(HttpChunks, RefuseWhatIsNoChunk) {
  for (const char* text : {"x\r\n", "\r\n", "-1\r\n", "1\r\nab\r\n", "0x4\r\n", "1000000000000000\r\n"}) {
    EXPECT_EQ(skip_chunks(as_bytes(text)).status, ParseStatus::malformed) << text;
  }
  EXPECT_EQ(skip_chunks(as_bytes(std::string(kMaxRequestHead, '0'))).status, ParseStatus::need_more);
  EXPECT_EQ(skip_chunks(as_bytes(std::string(kMaxRequestHead + 1, '0'))).status, ParseStatus::malformed);
  EXPECT_EQ(skip_chunks(as_bytes("0\r\n" + std::string(kMaxRequestHead + 1, 't'))).status, ParseStatus::malformed);
}

}  // namespace
}  // namespace netscope::http
