#include "core/inspect/stream_reader.h"

#include <algorithm>

#include "core/dpi/proxy_header.h"
#include "core/inspect/describe.h"

namespace netscope {
namespace {

constexpr std::uint16_t kTls13 = 0x0304;

bool waits(ParseStatus status) {
  return status == ParseStatus::need_more;
}

Sighting::Side side_of(Opening::Side side) {
  switch (side) {
    case Opening::Side::client: return Sighting::Side::client;
    case Opening::Side::server: return Sighting::Side::server;
    case Opening::Side::either: return Sighting::Side::either;
  }
  return Sighting::Side::either;
}

// Bytes from the middle of something look like a DNS message now and then, but their names are no host names.
bool is_plain(const dns::Message& message) {
  return message.question_count > 0 && message.questions[0].name.view().find('\\') == std::string_view::npos;
}

}  // namespace

StreamReader::StreamReader()
    : scratch_(std::make_unique<std::array<std::uint8_t, tls::kMaxClientHello>>()),
      message_(std::make_unique<dns::Message>()) {}

void StreamReader::begin(StreamInspection& stream, std::uint32_t sequence, Bytes segment) {
  stream_ = &stream;
  sequence_ = sequence;
  segment_ = segment;
  waiting_ = other_read_ = false;
  pending_ = taken_ = 0;
  followed_ = 0;
  question_ = message_->question_count;
  second_name_ = {};
  if (stream.mode == StreamMode::done) return;
  StreamPrefix& prefix = stream.prefix;
  const bool again = segment.empty();
  if (stream.mode == StreamMode::resync) ++stream.segments;
  if (prefix.would_lead(sequence, segment.size())) {
    if (stream.mode == StreamMode::resync) stream.mode = StreamMode::detect;  // two segments had changed places
  } else if (stream.mode == StreamMode::resync) {
    prefix.guess(sequence);
  } else if (stream.mode == StreamMode::request && prefix.lies_before(sequence, segment.size())) {
    segment_ = segment = {};  // sent again
  }
  in_place_ = !segment.empty() && (prefix.is_next(sequence) || (!prefix.started() && prefix.empty()));
  if (prefix.empty() || again) {
    stream.awaited.anything();
    stream.other_awaited.anything();
  }
  // What brings nothing new was read.
  if (!in_place_ && !keep(sequence, segment) && !again) waiting_ = other_read_ = true;
}

// Whether there is more to read than before.
bool StreamReader::keep(std::uint32_t sequence, Bytes segment) {
  StreamPrefix& prefix = stream_->prefix;
  const StreamPrefix::Extent before = prefix.extent();
  const bool another = prefix.add(sequence, segment);
  if (another) stream_->other_awaited.anything();
  const StreamPrefix::Extent after = prefix.extent();
  return another || after.begin != before.begin || after.size != before.size;
}

void StreamReader::begin_after_loss(StreamInspection& stream) {
  begin(stream, 0, {});
  in_place_ = false;
  stream.in_doubt = 0;
  if (stream.mode != StreamMode::done && stream.mode != StreamMode::upgrade) stream.mode = StreamMode::resync;
}

Bytes StreamReader::bytes() const {
  if (!in_place_) return stream_->prefix.first_copy();
  return segment_.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(taken_, segment_.size())));
}

ReadingPlace StreamReader::place() const {
  const std::uint32_t position =
      in_place_ ? sequence_ + static_cast<std::uint32_t>(taken_) : stream_->prefix.position();
  return {.mode = stream_->mode, .position = position};
}

StreamReader::Step StreamReader::wait_for_hello(Awaited::Told told) {
  stream_->awaited.hello(place(), bytes(), told);
  return Step::wait;
}

StreamReader::Step StreamReader::wait_for_head(Awaited::Told told) {
  stream_->awaited.head(place(), bytes(), told);
  return Step::wait;
}

void StreamReader::apply_pending() {
  if (pending_ == 0) return;
  if (in_place_) {
    taken_ += std::min(pending_, kMaxStep);
  } else {
    stream_->prefix.consume(pending_);
  }
  pending_ = 0;
}

bool StreamReader::next(Sighting& sighting) {
  if (!second_name_.empty()) {
    sighting.name = second_name_;
    second_name_ = {};
    return true;
  }
  if (question_ < message_->question_count) return next_question(sighting) == Step::sighting;
  if (other_reading(sighting)) return true;
  apply_pending();
  while (!waiting_ && stream_->mode != StreamMode::done) {
    Step step = Step::wait;
    if (!bytes().empty() && stream_->awaited.worth_reading(place(), bytes())) {
      switch (stream_->mode) {
        case StreamMode::detect: step = detect(sighting); break;
        case StreamMode::request: step = request(sighting); break;
        case StreamMode::chunked: step = chunk(); break;
        case StreamMode::dns: step = dns_message(sighting); break;
        case StreamMode::http2: step = http2_request(bytes(), sighting); break;
        case StreamMode::resync: step = resync(sighting); break;
        case StreamMode::upgrade: step = upgrade(sighting); break;
        case StreamMode::greeted: step = greeted(sighting); break;
        case StreamMode::answer: step = answer(sighting); break;
        case StreamMode::done: break;
      }
    }
    if (step == Step::sighting) return true;
    waiting_ = step == Step::wait;
    apply_pending();
  }
  return false;
}

void StreamReader::end() {
  StreamPrefix& prefix = stream_->prefix;
  if (stream_->mode == StreamMode::done) {
    prefix.release();
    return;
  }
  apply_pending();
  if (in_place_) {
    if (!prefix.started() || prefix.empty()) {
      if (taken_ > 0) {
        prefix.restart(sequence_);
        prefix.consume(taken_);
      }
    }
    const Bytes rest = bytes();
    if (!rest.empty()) prefix.add(sequence_ + static_cast<std::uint32_t>(taken_), rest);
  }
  // Most of a stream that may turn to TLS does not wait for anything, for as long as it lasts.
  if (stream_->mode == StreamMode::upgrade && prefix.empty()) prefix.release();
  // No longer prefix will come. A connection that spoke HTTP may find its way again; a beginning is lost.
  const bool spoke = stream_->mode == StreamMode::request || stream_->mode == StreamMode::chunked;
  if (!prefix.full() && !(prefix.overrun() && (spoke || !prefix.exact()))) return;
  if (prefix.full()) stream_->beyond_limit = true;
  stream_->mode = spoke ? StreamMode::resync : StreamMode::done;
  stream_->in_doubt = 0;
  prefix.release();
}

// The beginning is none that we know. Where it is certain that it was the beginning, that is final; but on the port of
// DNS, a server may pass over what it cannot read and answer what comes next, and on any other TLS may follow.
StreamReader::Step StreamReader::give_up(Sighting& sighting) {
  if (dns_expected()) {
    stream_->mode = StreamMode::dns;
    sighting = {};
    sighting.unreadable = true;
    return Step::sighting;
  }
  const bool exact = stream_->prefix.exact();
  const bool may_turn = exact && !stream_->from_server && check_may_turn_to_tls(bytes()) == ParseStatus::ok;
  stream_->mode = may_turn ? StreamMode::upgrade : exact ? StreamMode::done : StreamMode::resync;
  return may_turn ? Step::again : Step::wait;
}

// It might have shown a name, and nobody reads on.
StreamReader::Step StreamReader::lose() {
  stream_->beyond_limit = true;
  stream_->mode = StreamMode::done;
  return Step::wait;
}

// Whoever answers a client's first line may not be who the line is meant for, and refuse it and wait for the next.
bool StreamReader::hello_may_follow(const Opening& opening) const {
  if (stream_->from_server || opening.side == Opening::Side::server) return false;
  return opening.may_turn_to_tls || (stream_->prefix.exact() && check_may_turn_to_tls(bytes()) == ParseStatus::ok);
}

// Whether a message of DNS begins here, on its port; no_match on any other.
ParseStatus StreamReader::expected_dns() {
  if (!dns_expected()) return ParseStatus::no_match;
  std::size_t length = 0;
  const ParseStatus status = dns::parse_stream(bytes(), *message_, length);
  message_->question_count = 0;
  return status;
}

StreamReader::Step StreamReader::detect(Sighting& sighting) {
  const Bytes view = bytes();
  const auto proxy = parse_proxy_header(view);
  if (proxy.ok()) {
    consume_later(*proxy);
    return Step::again;
  }
  const auto from_client = tls::parse_records(view, *scratch_);
  // Bytes can be a message of DNS and a hello at once, and its port does not tell which the server reads: both count.
  const ParseStatus expected = expected_dns();
  if (expected == ParseStatus::ok) {
    stream_->mode = StreamMode::dns;
    if (!from_client.ok()) return Step::again;
    describe(*from_client, sighting);
    sighting.complete = false;
    return Step::sighting;
  }
  if (from_client.ok()) return hello(*from_client, sighting);
  const auto asked = http::parse_request(view);
  if (asked.ok()) return http_request(*asked, sighting);
  if (waits(expected) && message_->likely) return Step::wait;
  const auto from_server = tls::parse_server_records(view);
  const auto answered = http::parse_status_line(view);
  sighting = {};
  if (from_server.ok() || answered == ParseStatus::ok) {
    sighting.protocol = from_server.ok() ? Protocol::tls : Protocol::http;
    sighting.side = Sighting::Side::server;
    stream_->mode = from_server.ok() && *from_server ? StreamMode::answer : StreamMode::done;
    return Step::sighting;
  }
  const bool broken = from_client.status == ParseStatus::malformed || asked.status == ParseStatus::malformed;
  if (broken && !dns_expected()) {
    sighting.protocol = from_client.status == ParseStatus::malformed ? Protocol::tls : Protocol::http;
    sighting.side = Sighting::Side::client;
    stream_->broken = stream_->prefix.exact();
    stream_->mode = sighting.protocol == Protocol::tls ? StreamMode::done : StreamMode::resync;
    consume_later(view.size());
    waiting_ = true;
    return Step::sighting;
  }
  const auto proxied =
      stream_->prefix.exact() ? socks::parse_request(view) : Parsed<socks::Request>(ParseStatus::no_match);
  if (proxied.ok()) return socks_request(*proxied, sighting);
  const auto opening = parse_stream_opening(view);
  if (opening.ok()) {
    sighting.protocol = opening->protocol;
    sighting.side = side_of(opening->side);
    sighting.complete = !opening->may_turn_to_tls;
    stream_->mode = dns_expected()               ? StreamMode::dns
                    : hello_may_follow(*opening) ? StreamMode::upgrade
                                                 : StreamMode::done;
    waiting_ = stream_->mode == StreamMode::dns;
    return Step::sighting;
  }
  std::size_t length = 0;
  const ParseStatus dns = dns::parse_stream(view, *message_, length);
  if (dns == ParseStatus::ok && (stream_->prefix.exact() || is_plain(*message_))) {
    stream_->mode = StreamMode::dns;
    return Step::again;
  }
  message_->question_count = 0;
  // Text is the length of a message of DNS, but of none that anybody sends first.
  const ParseStatus turning = check_may_turn_to_tls(view);
  const bool awaits_dns = waits(dns) && message_->likely && turning != ParseStatus::ok;
  if (waits(from_server.status) || waits(answered) || waits(proxied.status) || waits(opening.status) ||
      waits(proxy.status) || waits(turning) || (waits(from_client.status) && waits(asked.status))) {
    return Step::wait;
  }
  // What has the form of a handshake or of a request is no message of DNS, but on its port.
  if (waits(from_client.status)) return dns_expected() ? Step::wait : wait_for_hello();
  if (waits(asked.status)) return dns_expected() ? Step::wait : wait_for_head();
  if (awaits_dns) return Step::wait;
  // Where copies differ, the other one may be the truth, and not all of it be there.
  if (!in_place_ && !stream_->prefix.last_copy().empty() && stream_->other_awaited.is_message()) return Step::wait;
  return give_up(sighting);
}

StreamReader::Step StreamReader::hello(const tls::ClientHello& hello, Sighting& sighting) {
  describe(hello, sighting);
  if (hello.complete) {
    const bool first = stream_->mode != StreamMode::greeted && hello.version >= kTls13;
    if (first) consume_later(tls::length_of_records(bytes(), hello.message.size()));
    stream_->mode = first ? StreamMode::greeted : StreamMode::done;
  } else if (stream_->mode != StreamMode::detect || !dns_expected()) {
    wait_for_hello(Awaited::Told::name);
  }
  waiting_ = true;
  return Step::sighting;
}

// Behind early data, or nothing, the second hello, if the server wants one; else the handshake is over.
StreamReader::Step StreamReader::greeted(Sighting& sighting) {
  const Bytes view = bytes();
  const auto between = tls::parse_record_between_hellos(view);
  if (between.ok()) consume_later(*between);
  if (between.status != ParseStatus::no_match) return between.ok() ? Step::again : Step::wait;
  const auto second = tls::parse_records(view, *scratch_);
  if (second.ok()) return hello(*second, sighting);
  if (waits(second.status)) return wait_for_hello();
  stream_->mode = StreamMode::done;
  return Step::wait;
}

StreamReader::Step StreamReader::answer(Sighting& sighting) {
  const auto asks_again = tls::parse_retry_request(bytes());
  if (!asks_again.ok()) return Step::wait;
  stream_->mode = StreamMode::done;
  if (!*asks_again) return Step::wait;
  sighting = {.protocol = Protocol::tls, .side = Sighting::Side::server, .asks_again = true};
  return Step::sighting;
}

// What follows is for the one who was asked for.
StreamReader::Step StreamReader::socks_request(const socks::Request& asked, Sighting& sighting) {
  sighting = {};
  sighting.protocol = Protocol::socks;
  sighting.side = Sighting::Side::client;
  sighting.name = HostName::from_authority(asked.host);
  stream_->mode = StreamMode::request;
  consume_later(asked.length);
  return Step::sighting;
}

StreamReader::Step StreamReader::http_request(const http::RequestPrefix& head, Sighting& sighting) {
  describe(head, sighting);
  second_name_ = other_name(head.request.authority, head.request.host, head.request.second_host);
  if (second_name_.view() == sighting.name.view()) second_name_ = {};
  if (!head.head_complete) {
    if (stream_->mode != StreamMode::detect || !dns_expected()) wait_for_head(Awaited::Told::name);
    waiting_ = true;
    return Step::sighting;
  }
  if (head.request.http2_preface) {
    stream_->mode = StreamMode::http2;
    stream_->segments = 0;
    stream_->blocks = {};
    return Step::sighting;
  }
  stream_->mode = head.request.body == http::Body::chunked ? StreamMode::chunked : StreamMode::request;
  const http::Request& request = head.request;
  const std::uint64_t length = request.head_length + (request.body_in_doubt ? 0 : request.body_length);
  consume_later(length);
  if (stream_->in_doubt > 0) {
    consume_later(std::min(stream_->in_doubt, length));  // behind that body, all servers are of one mind
    stream_->in_doubt -= pending_;
    stream_->mode = StreamMode::request;
  } else if (request.body_in_doubt) {
    stream_->in_doubt = request.body_length;
  }
  return Step::sighting;
}

// Behind a request's body: another request, or, behind CONNECT, Upgrade and SOCKS, whatever both sides agreed on.
StreamReader::Step StreamReader::request(Sighting& sighting) {
  const Bytes view = bytes();
  const auto asked = http::parse_request(view);
  if (asked.ok()) return http_request(*asked, sighting);
  const auto inside = tls::parse_records(view, *scratch_);
  if (inside.ok()) return hello(*inside, sighting);
  if (waits(asked.status) && waits(inside.status)) return Step::wait;
  if (waits(asked.status)) return wait_for_head();
  if (waits(inside.status)) return wait_for_hello();
  if (stream_->in_doubt > 0) {  // a body after all
    consume_later(stream_->in_doubt);
    stream_->in_doubt = 0;
    return Step::again;
  }
  stream_->mode = StreamMode::resync;
  stream_->segments = 0;
  consume_later(view.size());
  return Step::wait;
}

// The next header block. All that was said stays, because each block is packed by what was said before it.
StreamReader::Step StreamReader::http2_request(Bytes view, Sighting& sighting) {
  const bool is_one = as_text(view).starts_with(http2::kPreface);
  if (is_one && stream_->blocks.follow(view) <= stream_->segments && view.size() < kMaxHttp2) return Step::wait;
  const auto asked = http2_.read(view, stream_->segments);
  if (waits(asked.status) && view.size() < kMaxHttp2) return Step::wait;
  if (!asked.ok() || ++stream_->segments == http2::kMaxBlocks) stream_->mode = StreamMode::done;
  if (!asked.ok()) return Step::wait;
  if (asked->trailers()) return Step::again;
  describe(*asked, sighting);
  second_name_ = other_name(asked->authority, asked->host);
  if (second_name_.view() == sighting.name.view()) second_name_ = {};
  return Step::sighting;
}

StreamReader::Step StreamReader::resync(Sighting& sighting) {
  const Bytes view = bytes();
  const auto asked = http::parse_request(view);
  if (asked.ok()) return http_request(*asked, sighting);
  const auto hidden = tls::parse_records(view, *scratch_);
  if (hidden.ok()) return hello(*hidden, sighting);
  if (waits(asked.status) || waits(hidden.status)) {
    stream_->mode = StreamMode::request;  // it begins like one: the next segments belong to it
    return Step::wait;
  }
  if (stream_->segments >= kMaxResyncSegments) stream_->mode = StreamMode::done;
  return Step::wait;  // held until the next segment, which may belong before it
}

StreamReader::Step StreamReader::chunk() {
  const http::ChunkSkip skipped = http::skip_chunks(bytes());
  consume_later(skipped.skip);
  switch (skipped.status) {
    case ParseStatus::ok: stream_->mode = StreamMode::request; return Step::again;
    case ParseStatus::need_more:
      if (skipped.trailer != 0) stream_->awaited.trailer(place(), bytes(), skipped.trailer);
      return Step::wait;
    case ParseStatus::no_match:
    case ParseStatus::malformed: break;
  }
  // Where no chunk stands, the body ended before, for a server that heeds a length or none at all.
  stream_->mode = StreamMode::request;
  return Step::again;
}

// What cannot be read ends nothing: its length tells where the next message begins, and a server may answer that one.
StreamReader::Step StreamReader::dns_message(Sighting& sighting) {
  std::size_t length = 0;
  const ParseStatus status = dns::parse_stream(bytes(), *message_, length);
  question_ = 0;
  if (status == ParseStatus::ok) {
    consume_later(length);
    return next_question(sighting);
  }
  message_->question_count = 0;
  if (waits(status)) return Step::wait;
  consume_later(length);
  describe_question(*message_, 0, sighting);
  sighting.protocol = status == ParseStatus::malformed ? Protocol::dns : Protocol::unknown;
  sighting.unreadable = true;
  return Step::sighting;
}

StreamReader::Step StreamReader::next_question(Sighting& sighting) {
  describe_question(*message_, question_, sighting);
  sighting.protocol = Protocol::dns;
  ++question_;
  return Step::sighting;
}

// Where copies of the same bytes differed, the other reading may show another name. Asked first, because reading on in
// the first one consumes both.
bool StreamReader::other_reading(Sighting& sighting) {
  if (other_read_ || in_place_ || stream_->mode == StreamMode::dns || stream_->mode == StreamMode::done) return false;
  other_read_ = true;
  const Bytes view = stream_->prefix.last_copy();
  Awaited& awaited = stream_->other_awaited;
  if (view.empty() || !awaited.worth_reading(place(), view)) return false;
  if (stream_->mode == StreamMode::http2) {
    const auto asked = http2_.read(view, stream_->segments);
    const bool request = asked.ok() && !asked->trailers();
    if (request) describe(*asked, sighting);
    return request;
  }
  const auto hello = tls::parse_records(view, *scratch_);
  if (hello.ok()) {
    describe(*hello, sighting);
    if (!hello->complete) awaited.hello(place(), view, Awaited::Told::name);
    return true;
  }
  const auto asked = http::parse_request(view);
  if (asked.ok()) {
    describe(*asked, sighting);
    if (!asked->head_complete) awaited.head(place(), view, Awaited::Told::name);
    return true;
  }
  if (waits(hello.status) == waits(asked.status)) {
    if (!waits(hello.status)) awaited.nothing(place(), view);
    return false;
  }
  if (waits(hello.status)) awaited.hello(place(), view, Awaited::Told::nothing);
  if (waits(asked.status)) awaited.head(place(), view, Awaited::Told::nothing);
  return false;
}

}  // namespace netscope
