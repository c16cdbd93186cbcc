#include "core/inspect/stream_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "support/http2_frames.h"
#include "support/payloads.h"

namespace netscope::test {
namespace {

// One direction of a connection, and the names that it shows.
struct Stream {
  explicit Stream(bool syn_seen = true) {
    if (syn_seen) inspection.prefix.start(1000);
  }
  // What the segment at `offset` shows: names, or the protocol in angle brackets where there is none.
  std::string see(std::uint32_t offset, Bytes segment) {
    reader.begin(inspection, 1000 + offset, segment);
    return collected();
  }
  std::string collected() {
    std::string seen;
    Sighting sighting;
    while (reader.next(sighting)) {
      if (!seen.empty()) seen += ' ';
      seen += sighting.name.empty() ? "<" + std::string(to_string(sighting.protocol)) + ">"
                                    : std::string(sighting.name.view());
      last = sighting;
    }
    reader.end();
    return seen;
  }
  // The next bytes in order.
  std::string next(const Buffer& bytes) {
    const std::uint32_t offset = sent;
    sent += static_cast<std::uint32_t>(bytes.size());
    return see(offset, bytes);
  }
  StreamReader reader;
  StreamInspection inspection;
  Sighting last;
  std::uint32_t sent = 0;
};

Buffer part(const Buffer& whole, std::size_t begin, std::size_t end) {
  return {whole.begin() + static_cast<std::ptrdiff_t>(begin), whole.begin() + static_cast<std::ptrdiff_t>(end)};
}

TEST(StreamReader, ReadsAHelloWhereItLies) {
  Stream stream;
  EXPECT_EQ(stream.next(client_hello("example.org")), "example.org");
  EXPECT_EQ(stream.last.protocol, Protocol::tls);
  EXPECT_EQ(stream.last.side, Sighting::Side::client);
  EXPECT_EQ(stream.last.hello.tls_version, 0x0304);
  EXPECT_TRUE(stream.last.complete);
  EXPECT_EQ(stream.inspection.mode, StreamMode::greeted);
  EXPECT_EQ(stream.inspection.prefix.memory_bytes(), 0u) << "nothing was kept";
}

TEST(StreamReader, KeepsWhatHasToWaitAndNothingElse) {
  const Buffer hello = client_hello("example.org");
  Stream stream;
  EXPECT_EQ(stream.next(part(hello, 0, 50)), "");
  EXPECT_FALSE(stream.inspection.prefix.empty());
  EXPECT_EQ(stream.next(part(hello, 50, hello.size())), "example.org");
  EXPECT_TRUE(stream.inspection.prefix.empty());
}

TEST(StreamReader, AHelloWithoutANameIsTlsWithoutAName) {
  Stream stream;
  EXPECT_EQ(stream.next(client_hello("")), "<tls>");
}

TEST(StreamReader, AServerIsKnownByItsHello) {
  Stream stream;
  EXPECT_EQ(stream.next(server_hello()), "<tls>");
  EXPECT_EQ(stream.last.side, Sighting::Side::server);
  Stream web;
  EXPECT_EQ(web.next(http_response(200, "hello")), "<http>");
  EXPECT_EQ(web.last.side, Sighting::Side::server);
}

TEST(StreamReader, ReadsEachPipelinedRequest) {
  Stream stream;
  const Buffer requests = join({http_request("GET", "/a", "one.example"), http_request("GET", "/b", "two.example"),
                                http_request("POST", "/c", "three.example", {}, "body")});
  EXPECT_EQ(stream.next(requests), "one.example two.example three.example");
  const Buffer last = http_request("GET", "/d", "four.example");
  EXPECT_EQ(stream.next(last), "four.example");
  EXPECT_EQ(stream.last.method, "GET");
}

TEST(StreamReader, GoesOnBehindABodyThatComesInPieces) {
  Stream stream;
  const Buffer post = http_request("POST", "/", "one.example", {}, std::string(5000, 'b'));
  EXPECT_EQ(stream.next(part(post, 0, 1000)), "one.example");
  EXPECT_EQ(stream.next(part(post, 1000, 3000)), "");
  EXPECT_EQ(stream.next(join({part(post, 3000, post.size()), http_request("GET", "/", "two.example")})), "two.example");
}

TEST(StreamReader, GoesOnBehindABodyThatWasNotCaptured) {
  Stream stream;
  const Buffer post = http_request("POST", "/", "one.example", {}, std::string(5000, 'b'));
  EXPECT_EQ(stream.next(part(post, 0, 1000)), "one.example");
  EXPECT_EQ(stream.see(static_cast<std::uint32_t>(post.size()), http_request("GET", "/", "two.example")),
            "two.example");
}

TEST(StreamReader, GoesOnBehindAChunkedBody) {
  const HeaderFields chunked{{"Transfer-Encoding", "chunked"}};
  const Buffer body = ByteWriter().text("5\r\nhello\r\n0\r\n\r\n");
  const Buffer all =
      join({http_request("POST", "/", "one.example", chunked), body, http_request("GET", "/", "two.example")});
  Stream whole;
  EXPECT_EQ(whole.next(all), "one.example two.example");
  Stream pieces;
  std::string seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string names = pieces.next(part(all, i, i + 1));
    if (!names.empty() && seen.find(names) == std::string::npos) seen += names + ' ';
  }
  EXPECT_EQ(seen, "one.example two.example ");
}

// What stands where a body would be, of a request that should have none: a body to some servers, requests to others.
TEST(StreamReader, ReadsABodyInDoubtAsRequestsToo) {
  const Buffer within = join({http_request("GET", "/", "two.example"), http_request("GET", "/", "three.example")});
  for (const std::string_view method : {"GET", "HEAD", "DELETE"}) {
    const Buffer all =
        join({http_request(method, "/", "one.example", {}, as_text(within)), http_request("GET", "/", "four.example")});
    Stream whole;
    EXPECT_EQ(whole.next(all), "one.example two.example three.example four.example");
    Stream pieces;
    std::string seen;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string names = pieces.next(part(all, i, i + 1));
      if (!names.empty() && seen.find(names) == std::string::npos) seen += names + ' ';
    }
    EXPECT_EQ(seen, "one.example two.example three.example four.example ");
  }
}

// A request in such a body that reaches beyond it, and a body that is none.
TEST(StreamReader, GoesOnBehindABodyInDoubt) {
  const Buffer next = http_request("GET", "/", "three.example");
  const Buffer half = ByteWriter().text("GET / HTTP/1.1\r\nHost: two.example\r\nA: ");
  Stream beyond;
  EXPECT_EQ(beyond.next(join({http_request("GET", "/", "one.example", {}, as_text(half)), next})),
            "one.example two.example three.example three.example");
  Stream json;
  const Buffer query = http_request("GET", "/_search", "one.example", {}, "{\"query\": \"GET / HTTP/1.1\"}");
  EXPECT_EQ(json.next(part(query, 0, query.size() - 10)), "one.example");
  EXPECT_EQ(json.next(join({part(query, query.size() - 10, query.size()), next})), "three.example");
  Stream post;
  EXPECT_EQ(post.next(join({http_request("POST", "/", "one.example", {}, as_text(next)), next})),
            "one.example three.example")
      << "a body that no server doubts";
}

TEST(StreamReader, ReadsARequestWhereAChunkWouldBe) {
  const HeaderFields both{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "x, chunked"}};
  Stream stream;
  EXPECT_EQ(
      stream.next(join({http_request("POST", "/", "one.example", both), http_request("GET", "/", "two.example")})),
      "one.example two.example");
}

TEST(StreamReader, FindsTheHelloBehindAConnect) {
  Stream stream;
  EXPECT_EQ(stream.next(http_request("CONNECT", "proxy.example:443", "proxy.example:443")), "proxy.example");
  EXPECT_EQ(stream.next(client_hello("inside.example")), "inside.example");
  EXPECT_EQ(stream.last.protocol, Protocol::tls);
}

TEST(StreamReader, ReadsEachDnsMessage) {
  Stream stream;
  const Buffer two = join({over_tcp(dns_query("one.example")), over_tcp(dns_query("two.example"))});
  EXPECT_EQ(stream.next(two), "one.example two.example");
  EXPECT_EQ(stream.last.protocol, Protocol::dns);
  const Buffer third = over_tcp(dns_query("three.example"));
  EXPECT_EQ(stream.next(part(third, 0, 10)), "");
  EXPECT_EQ(stream.next(part(third, 10, third.size())), "three.example");
}

Buffer stateful_operation() {  // a keepalive of DSO (RFC 8490, section 7.1)
  return ByteWriter().u16(0).u16(0x3000).bytes(Buffer(8, 0)).u16(1).u16(8).u32(15000).u32(15000);
}
Buffer unreadable_query() {  // its name is a label of a kind that does not exist
  return ByteWriter().u16(7).u16(0x0100).u16(1).u16(0).u16(0).u16(0).bytes(Buffer{0x80, 0, 0, 1, 0, 1});
}

TEST(StreamReader, FindsAQuestionBehindAStatefulOperation) {
  Stream stream;
  EXPECT_EQ(stream.next(over_tcp(stateful_operation())), "<dns>");
  EXPECT_EQ(stream.next(over_tcp(dns_query("one.example"))), "one.example");
}

TEST(StreamReader, FindsAQuestionBehindAMessageThatCannotBeRead) {
  const Buffer query = over_tcp(dns_query("two.example"));
  for (const Buffer& broken : {over_tcp(unreadable_query()), over_tcp(Buffer(3, 0)), over_tcp(Buffer()),
                               over_tcp(Buffer(300, 0xee)), over_tcp(Buffer(5000, 0))}) {
    Stream stream;
    stream.next(over_tcp(dns_query("one.example")));
    stream.next(broken);
    EXPECT_TRUE(stream.last.unreadable);
    EXPECT_EQ(stream.next(query), "two.example") << broken.size();
  }
}

TEST(StreamReader, OnThePortOfDnsAQuestionIsFoundBehindAnything) {
  const Buffer query = over_tcp(dns_query("one.example"));
  const Buffer banner = join({ByteWriter().text("SSH-2.0-x_1.0\r\n"), Buffer(0x5353 + 2 - 15, '-')});
  for (const Buffer& before : {over_tcp(unreadable_query()), over_tcp(Buffer(3, 0)), over_tcp(Buffer(300, 0xee)),
                               banner, over_tcp(Buffer(0x1603, 3))}) {
    Stream stream;
    stream.inspection.dns_port = true;
    stream.next(before);
    EXPECT_TRUE(stream.next(query).ends_with("one.example")) << before.size();
    Stream elsewhere;
    elsewhere.next(before);
    EXPECT_NE(elsewhere.inspection.mode, StreamMode::dns) << before.size();
  }
}

TEST(StreamReader, OnThePortOfDnsOtherProtocolsAreWhatTheyAre) {
  const auto seen = [](const Buffer& bytes) {
    Stream stream;
    stream.inspection.dns_port = true;
    return stream.next(bytes);
  };
  EXPECT_EQ(seen(client_hello("one.example")), "one.example");
  EXPECT_EQ(seen(http_request("GET", "/", "one.example")), "one.example");
  EXPECT_EQ(seen(ByteWriter().text("SSH-2.0-OpenSSH_9.2\r\n")), "<ssh>");
}

// The random bytes of a hello can be a question, and its length the number of questions.
TEST(StreamReader, OnThePortOfDnsBothThingsThatBytesCanBeAreSeen) {
  Buffer hello = client_hello("hello.example", {.padded_to = 600});
  constexpr std::size_t kName = 14;
  std::ranges::copy(join({dns_name("query.example"), Buffer{0, 1, 0, 1}}), hello.begin() + kName);
  Stream elsewhere;
  EXPECT_EQ(elsewhere.next(hello), "hello.example");
  Stream stream;
  stream.inspection.dns_port = true;
  EXPECT_EQ(stream.next(hello), "hello.example query.example");
}

TEST(StreamReader, ShowsTheNamesOfBothReadings) {
  const Buffer one = client_hello("aaa.example"), two = client_hello("bbb.example");
  const std::size_t name = as_text(one).find("aaa.example");
  const auto at = static_cast<std::uint32_t>(name);
  Stream stream;
  EXPECT_EQ(stream.see(at, part(one, name, one.size())), "");
  EXPECT_EQ(stream.see(at, part(two, name, two.size())), "");
  EXPECT_EQ(stream.see(0, part(one, 0, name)), "bbb.example aaa.example");
}

TEST(StreamReader, ShowsTheSecondHostToo) {
  Stream stream;
  EXPECT_EQ(stream.next(http_request("GET", "http://target.example/", "host.example")), "target.example host.example");
}

TEST(StreamReader, AKnownBeginningThatIsNoProtocolIsDone) {
  Stream stream;
  EXPECT_EQ(stream.next(Buffer{'S', 'S', 'H', 1, '2', '.', '0', '\r', '\n'}), "");
  EXPECT_EQ(stream.inspection.mode, StreamMode::done);
}

Buffer text(std::string_view characters) {
  return {characters.begin(), characters.end()};
}

TEST(StreamReader, FindsAHelloAnywhereBehindText) {
  const Buffer all = join({text("NOOP\r\n\x16\x03\r\nSTARTTLS"), client_hello("example.org"), text("more")});
  Stream whole;
  EXPECT_EQ(whole.next(all), "example.org");
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    Stream stream;
    std::string seen = stream.next(part(all, 0, cut));
    seen += stream.next(part(all, cut, all.size()));
    ASSERT_TRUE(seen == "example.org" || seen == "example.orgexample.org")
        << cut << seen;  // once more when it is whole
    ASSERT_TRUE(stream.last.complete) << cut;
    ASSERT_TRUE(stream.inspection.prefix.empty()) << cut;
  }
}

// Whatever looks like a hello and is a word that the server refuses, or an extension of the true one.
TEST(StreamReader, ReadsAHelloBehindAndWithinOneThatIsNone) {
  const Buffer fake = client_hello("fake.example"), real = client_hello("real.example");
  Stream refused;
  EXPECT_EQ(refused.next(join({text("NOOP "), fake, text("\r\nSTARTTLS\r\n")})), "fake.example");
  EXPECT_EQ(refused.next(real), "real.example");
  Stream unfinished;
  EXPECT_EQ(unfinished.next(join({text("NOOP "), part(fake, 0, 40), text("\r\nSTARTTLS\r\n")})), "");
  EXPECT_EQ(unfinished.next(real), "real.example");
  // Padding (RFC 7685) that holds the fake, and behind it the name.
  const Buffer list = ByteWriter().u8(0).counted_u16(as_bytes("real.example"));
  const Buffer extensions =
      ByteWriter().u16(21).counted_u16(fake).u16(0).counted_u16(ByteWriter().counted_u16(list).buffer());
  const Buffer body = ByteWriter().u16(0x0303).fill(32, 7).u8(0).u16(2).u16(0x1301).u16(0x0100).counted_u16(extensions);
  const Buffer outer = tls_record(22, ByteWriter().u8(1).counted_u24(body).buffer());
  Stream within;
  EXPECT_EQ(within.next(join({text("STLS\r\n"), part(outer, 0, outer.size() - 5)})), "<pop3> fake.example");
  EXPECT_TRUE(within.last.complete);
  EXPECT_EQ(within.inspection.prefix.first_copy().size(), outer.size() - 5) << "the outer one is still to come";
  EXPECT_EQ(within.next(part(outer, outer.size() - 5, outer.size())), "real.example");
  EXPECT_TRUE(within.last.complete);
}

TEST(StreamReader, SearchesTextForAHelloUpToTheLimitAndNotOneSegmentMore) {
  for (const bool one_more : {false, true}) {
    Stream stream;
    stream.next(Buffer(kMaxSearched - 1, 'a'));
    if (one_more) stream.next(text("a"));
    EXPECT_EQ(stream.inspection.mode, one_more ? StreamMode::done : StreamMode::upgrade);
    EXPECT_EQ(stream.next(client_hello("late.example")), one_more ? "" : "late.example");
  }
}

TEST(StreamReader, HoldsFewBeginningsOfHellosWithinOneAnother) {
  constexpr std::size_t kPieces = 400;
  std::size_t most = 0;
  Stream stream;
  stream.next(text("hello\r\n"));
  for (std::size_t i = 0; i < kPieces; ++i) {
    stream.next(ByteWriter().u24(0x160301).u16(1).u8(1));
    most = std::max(most, stream.inspection.prefix.first_copy().size());
  }
  EXPECT_GT(most, 1000u);
  EXPECT_LT(most, 6 * kPieces) << "they were given up in between";
  EXPECT_TRUE(stream.inspection.beyond_limit) << "a hello might have been among them";
  EXPECT_EQ(stream.inspection.mode, StreamMode::done);
}

TEST(StreamReader, TextOfAServerHasNoHello) {
  Stream stream;
  stream.inspection.from_server = true;
  EXPECT_EQ(stream.next(join({text("file\n"), client_hello("example.org")})), "");
  EXPECT_EQ(stream.inspection.mode, StreamMode::done);
}

TEST(StreamReader, WithoutABeginningEachSegmentMayBeginARequest) {
  Stream stream(false);
  EXPECT_EQ(stream.next(Buffer(500, 0xee)), "");
  EXPECT_EQ(stream.inspection.mode, StreamMode::resync);
  EXPECT_EQ(stream.next(Buffer(500, 0xee)), "");
  EXPECT_EQ(stream.next(http_request("GET", "/", "late.example")), "late.example");
  Stream tls(false);
  tls.next(Buffer(500, 0xee));
  EXPECT_EQ(tls.next(client_hello("late.example")), "late.example");
}

TEST(StreamReader, LooksForABeginningUpToTheLimitAndNotOneSegmentMore) {
  for (const bool one_more : {false, true}) {
    Stream stream(false);
    const auto segments = static_cast<int>(kMaxResyncSegments) + (one_more ? 1 : 0);  // the first is no beginning
    for (int i = 0; i < segments; ++i) stream.next(Buffer(20, 0xee));
    EXPECT_EQ(stream.next(http_request("GET", "/", "late.example")), one_more ? "" : "late.example");
  }
}

// What lies between two requests, and what stands ahead of a hello, may come in more pieces than anybody counts.
TEST(StreamReader, ManyPiecesBetweenTwoRequestsHideNothing) {
  Stream chunked;
  EXPECT_EQ(chunked.next(http_request("POST", "/", "one.example", {{"Transfer-Encoding", "chunked"}})), "one.example");
  for (int i = 0; i < 300; ++i) chunked.next(text(i % 2 == 0 ? "000000000000000000000001;ext=\"value\"\r\n" : "x\r\n"));
  chunked.next(text("1;" + std::string(20'000, 'e') + "\r\nx\r\n0\r\nTrailer: " + std::string(20'000, 't') + "\r\n"));
  chunked.next(text("\r\n"));
  EXPECT_EQ(chunked.next(http_request("GET", "/", "two.example")), "two.example");
  Stream tunnel;
  EXPECT_EQ(tunnel.next(http_request("CONNECT", "one.example:1", "one.example")), "one.example");
  for (int i = 0; i < 100; ++i) tunnel.next(Buffer(100, 0xee));
  EXPECT_EQ(tunnel.next(http_request("GET", "/", "two.example")), "two.example");
  for (const bool from_the_beginning : {true, false}) {
    Stream mail(from_the_beginning);
    if (from_the_beginning) mail.next(text("EHLO me\r\n"));
    for (int i = 0; i < 70; ++i) mail.next(text("NOOP\r\n"));
    mail.next(text("STARTTLS\r\n"));
    EXPECT_EQ(mail.next(client_hello("mail.example")), "mail.example");
  }
}

TEST(StreamReader, AnEmptyChangeCipherSpecAheadOfAHelloHidesNothing) {
  for (const Buffer& hello : {client_hello("a.example"), client_hello("a.example", {.record_bytes = 1})}) {
    Stream at_once;
    EXPECT_EQ(at_once.next(join({tls_record(20, {}), hello})), "a.example");
    Stream apart;
    EXPECT_EQ(apart.next(tls_record(20, {})), "");
    EXPECT_EQ(apart.next(hello), "a.example");
  }
}

// A byte at a time, each name shows with the byte with which it shows to who reads all of it again.
TEST(StreamReader, ShowsEachNameWithTheByteThatCompletesIt) {
  const Buffer name_last = [] {
    const Buffer list = ByteWriter().u8(0).counted_u16(as_bytes("last.example"));
    const Buffer extensions =
        ByteWriter().u16(21).counted_u16(Buffer(300, 0)).u16(0).counted_u16(ByteWriter().counted_u16(list).buffer());
    return ByteWriter().u16(0x0303).fill(32, 7).u8(0).u16(2).u16(0x1301).u16(0x0100).counted_u16(extensions).buffer();
  }();
  const Buffer message = ByteWriter().u8(1).counted_u24(name_last).buffer();
  const Buffer one = http_request("GET", "/", "one.example", {{"A", "b"}, {"C", "d"}});
  const std::vector<Buffer> streams{
      client_hello("a.example"),
      client_hello("a.example", {.version = 0x0303, .record_bytes = 3}),
      tls_handshake_records(message, 1),
      tls_handshake_records(message, 50),
      join({tls_record(20, {}), tls_handshake_records(message, 100)}),
      join({client_hello("a.example", {.record_bytes = 40}), tls_record(20, Buffer{1}), client_hello("b.example")}),
      join({one, one, http_request("GET", "http://two.example/", "three.example")}),
      text("GET / HTTP/1.1\r\nX: y\r\nHost:\r\n \r\n\tfold.example\r\nHost: second.example\r\nY: z\r\n\r\n"),
      text("\r\n\n\r\nFROB-IT! /x HTTP/1.1\n Host : early.example\nA:\n b\n\n"),
      join({http_request("POST", "/", "one.example", {{"Transfer-Encoding", "chunked"}}),
            text("005;a=b\r\nhello\r\n0\r\nA: b\r\nHost: no.example\r\n\r\n"),
            http_request("GET", "/", "two.example")}),
      join({http_request("CONNECT", "one.example:443", "one.example"),
            client_hello("two.example", {.record_bytes = 9})}),
      join({text("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"), client_hello("a.example")}),
      join({text("EHLO me\r\nSTARTTLS\r\n\x16\x03\x01"), client_hello("a.example", {.record_bytes = 60})}),
      join({http2_preface(), http2_get("a.example", "/"), http2_get("b.example", "/")}),
      over_tcp(dns_query("a.example")),
      join({text("GE"), Buffer(30, 0xee), one}),
  };
  for (std::size_t which = 0; which < streams.size(); ++which) {
    const Buffer& whole = streams[which];
    Stream bytewise;
    std::set<std::string> seen;
    for (std::size_t size = 1; size <= whole.size(); ++size) {
      const std::string shown = bytewise.next(part(whole, size - 1, size));
      for (std::size_t at = 0; at < shown.size(); at = std::min(shown.find(' ', at), shown.size() - 1) + 1) {
        seen.insert(shown.substr(at, shown.find(' ', at) - at));
      }
      Stream at_once;
      std::string expected = at_once.next(part(whole, 0, size));
      // Behind a first hello, a reader of all of it has not looked yet.
      if (at_once.inspection.mode == StreamMode::greeted) expected += " " + at_once.next({});
      for (const std::string& name : seen) {
        EXPECT_TRUE(name.front() == '<' || expected.contains(name)) << which << ' ' << size << ' ' << name;
      }
      for (std::size_t at = 0; at < expected.size(); at = std::min(expected.find(' ', at), expected.size() - 1) + 1) {
        const std::string name = expected.substr(at, expected.find(' ', at) - at);
        EXPECT_TRUE(name.empty() || name.front() == '<' || seen.contains(name)) << which << ' ' << size << ' ' << name;
      }
    }
  }
}

// What brings nothing new is not read again, whatever is held; the byte that does is.
TEST(StreamReader, ReadsAgainOnlyWhatHasGrown) {
  const Buffer hello = client_hello("a.example", {.padded_to = 8000});
  Stream stream;
  stream.see(0, part(hello, 0, 60));
  for (int i = 0; i < 100'000; ++i) EXPECT_EQ(stream.see(59, part(hello, 59, 60)), "");
  EXPECT_EQ(stream.inspection.mode, StreamMode::detect);
  for (std::uint32_t i = 0; i < 300; ++i) EXPECT_EQ(stream.see(9000 - i, Buffer{1}), "") << "behind a gap";
  EXPECT_EQ(stream.see(60, part(hello, 60, hello.size())), "a.example");
}

// The other copy of a byte is read, although there are no more bytes than before.
TEST(StreamReader, ReadsAnotherCopyOfWhatItHolds) {
  const Buffer first = http_request("GET", "/", "one.example"), last = http_request("GET", "/", "two.example");
  const std::size_t size = first.size() - 2;
  Stream stream;
  EXPECT_EQ(stream.see(0, part(first, 0, size)), "one.example");
  EXPECT_EQ(stream.see(0, part(last, 0, size)), "two.example");
}

TEST(StreamReader, ABeginningThatFillsTheLimitIsGivenUp) {
  Stream stream;
  stream.see(1, Buffer(kMaxPrefix - 1, 0x01));
  EXPECT_EQ(stream.inspection.mode, StreamMode::detect);
  stream.see(static_cast<std::uint32_t>(kMaxPrefix), Buffer{0x01});
  EXPECT_EQ(stream.inspection.mode, StreamMode::detect) << "what lies ahead may be a fake that never arrives";
  stream.see(0, Buffer{0x01});
  EXPECT_EQ(stream.inspection.mode, StreamMode::done);
  EXPECT_EQ(stream.inspection.prefix.memory_bytes(), 0u);
}

TEST(StreamReader, GoesOnBehindALostSegmentThatWasAcknowledged) {
  Stream stream;
  EXPECT_EQ(stream.next(http_request("GET", "/", "one.example")), "one.example");
  const Buffer lost = http_request("GET", "/", "lost.example");
  const Buffer kept = http_request("GET", "/", "kept.example");
  const auto behind = stream.sent + static_cast<std::uint32_t>(lost.size());
  EXPECT_EQ(stream.see(behind, kept), "");
  ASSERT_TRUE(stream.inspection.prefix.skip_lost(1000 + behind + static_cast<std::uint32_t>(kept.size())));
  stream.reader.begin_after_loss(stream.inspection);
  EXPECT_EQ(stream.collected(), "kept.example");
}

TEST(StreamReader, ARepeatedSegmentShowsNothingNew) {
  Stream stream;
  const Buffer request = http_request("GET", "/", "one.example");
  EXPECT_EQ(stream.next(request), "one.example");
  EXPECT_EQ(stream.see(0, request), "");
  EXPECT_EQ(stream.next(http_request("GET", "/", "two.example")), "two.example");
}

// Every pair of cuts of a stream of three requests shows the same three names.
TEST(StreamReader, ShowsTheSameNamesForEverySegmentation) {
  const Buffer all = join({http_request("GET", "/", "one.example"), http_request("POST", "/", "two.example", {}, "abc"),
                           http_request("GET", "/", "three.example")});
  for (std::size_t a = 1; a < all.size(); a += 3) {
    for (std::size_t b = a + 1; b < all.size(); b += 7) {
      Stream stream;
      std::string seen;
      for (const Buffer& piece : {part(all, 0, a), part(all, a, b), part(all, b, all.size())}) {
        const std::string names = stream.next(piece);
        if (!names.empty()) seen += names + ' ';
      }
      for (const std::string_view name : {"one.example", "two.example", "three.example"}) {
        ASSERT_NE(seen.find(name), std::string::npos) << "cut at " << a << " and " << b << ": " << seen;
      }
    }
  }
}

}  // namespace
}  // namespace netscope::test
