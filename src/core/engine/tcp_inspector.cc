#include "core/engine/tcp_inspector.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/dpi/dns.h"
#include "core/dpi/tls.h"
#include "core/engine/handshake.h"

namespace netscope {
namespace {

// Packets without data that stand for an answer where the beginning of a connection was not seen.
constexpr std::uint32_t kAcknowledgmentsAreAnAnswer = 4;
// Acknowledged bytes that hold any message that is looked for, as a client sends it: whoever has taken so much has
// heard what there was to judge.
constexpr std::int32_t kHeardLongAgo = 2 * static_cast<std::int32_t>(tls::kMaxClientHello);

// The first byte of the payload.
std::uint32_t payload_sequence(const Packet& packet) {
  return packet.tcp_sequence + (is_syn(packet) ? 1 : 0);
}

// Whether bytes that came with the SYN are acknowledged, as far as those that are held (TCP Fast Open, RFC 7413).
bool acknowledges_held(const Inspection* inspection, Direction said, std::uint32_t acknowledged) {
  if (inspection == nullptr) return false;
  const StreamPrefix& prefix = inspection->streams[index_of(said)].prefix;
  const std::uint32_t ahead = acknowledged - prefix.position();
  return prefix.started() && ahead > 0 && ahead <= prefix.first_copy().size();
}

bool is_done(const Inspection& inspection, Direction direction) {
  return inspection.streams[index_of(direction)].mode == StreamMode::done;
}

bool has_dns_port(const Flow& flow) {
  return flow.key.low_port == dns::kPort || flow.key.high_port == dns::kPort;
}

// Bytes on the wire that a server sends while its client may turn to TLS: what it says before a hello, each byte of it
// acknowledged in a packet of its own, fits; the rest of a download does not wait for more.
constexpr std::uint64_t kMaxBeforeTls = 1u << 20;

// A client that may turn to TLS is read on for its hello, up to the bounds. A hello of TLS 1.3 is all that a client
// says, unless the server wants another.
bool said_all(const Flow& flow) {
  const Inspection& inspection = *flow.inspection;
  const StreamInspection& client = inspection.streams[index_of(flow.client)];
  if (client.mode == StreamMode::upgrade) {
    return client.searched >= kMaxSearched || flow.bytes[index_of(opposite(flow.client))] >= kMaxBeforeTls;
  }
  if (client.mode != StreamMode::greeted) return client.mode == StreamMode::done;
  const StreamInspection& server = inspection.streams[index_of(opposite(flow.client))];
  const bool in_the_middle =
      server.mode == StreamMode::answer || (server.mode == StreamMode::detect && !server.prefix.empty());
  return !inspection.asked_again && !in_the_middle;
}

// The client has said what it is, or nothing that we know, and the server has answered: it has heard what we judged.
bool nothing_more_to_learn(const Flow& flow) {
  const Direction server = opposite(flow.client);
  // In the middle of an upload the server only acknowledges.
  const bool acknowledged = !flow.client_known && flow.packets[index_of(server)] >= kAcknowledgmentsAreAnAnswer;
  if (!flow.inspection->heard[index_of(flow.client)] && !acknowledged) return false;
  return said_all(flow) && (is_done(*flow.inspection, server) || flow.client_known || acknowledged);
}

// A byte that is marked as urgent is no part of the stream to most receivers (RFC 6093, section 3), and is to some.
bool mark_urgent(Inspection& inspection, const Packet& packet, std::uint32_t begin) {
  if (packet.tcp_urgent == 0) return true;
  std::vector<std::uint32_t>& marks = inspection.urgent[index_of(packet.direction)];
  const std::uint32_t marked = begin + packet.tcp_urgent - 1;
  if (std::ranges::find(marks, marked) != marks.end()) return true;
  if (marks.size() == kMaxUrgentMarks) return false;
  marks.push_back(marked);
  return true;
}

}  // namespace

// Who is the client, and where each side's bytes begin. Only the client can lie here, with a SYN or a SYN/ACK that dies
// before the server; so what the server's last SYN/ACK acknowledges counts, and until then the last SYN.
void TcpInspector::follow_handshake(Flow& flow, const Packet& packet) {
  if (!acknowledges(packet)) {
    const bool both_open = (flow.tcp_flags[index_of(opposite(packet.direction))] & tcp_flag::syn) != 0;
    if (!both_open) flow.client = packet.direction;
    flow.client_known = true;
    begin_stream(flow, packet.direction, packet.tcp_sequence + 1);
  } else if (packet.direction != flow.client) {
    if (flow.start_confirmed && (flow.spoke[0] || flow.spoke[1])) return;  // once more
    begin_stream(flow, packet.direction, packet.tcp_sequence + 1);
    if (!acknowledges_held(flow.inspection.get(), flow.client, packet.tcp_acknowledgment)) {
      begin_stream(flow, flow.client, packet.tcp_acknowledgment);
    }
    flow.start_confirmed = true;
    if (flow.inspection != nullptr) flow.inspection->readings[index_of(flow.client)].confirm();
  }
}

void TcpInspector::begin_stream(Flow& flow, Direction direction, std::uint32_t sequence) {
  std::uint32_t& start = flow.start_sequence[index_of(direction)];
  if (start == sequence) return;
  start = sequence;
  if (flow.inspection == nullptr) return;
  flow.inspection->streams[index_of(direction)].clear();
  flow.inspection->streams[index_of(direction)].prefix.start(sequence);
  flow.inspection->readings[index_of(direction)].guess(sequence);
  pool_.recount(*flow.inspection);
}

Segment TcpInspector::inspect(Flow& flow, const Packet& packet) {
  if (flow.facts != Facts::open) return Segment::pass;
  const bool opening = flow.packets[0] + flow.packets[1] == 1;  // later packets bring no new facts by themselves
  if (is_syn(packet)) follow_handshake(flow, packet);
  if (opening) judge_.ask(flow, Moment::of(packet));
  if (flow.inspection == nullptr && packet.payload.empty()) return Segment::pass;
  Inspection& inspection = pool_.begin(flow);
  for (StreamInspection& stream : inspection.streams) stream.dns_port = has_dns_port(flow);
  const bool heard_before = inspection.heard[index_of(flow.client)];
  if (acknowledges(packet)) follow_acknowledgment(flow, packet);
  const Segment segment = packet.payload.empty() ? Segment::pass : read_segment(flow, packet);
  pool_.recount(inspection);
  const StreamInspection& said = inspection.streams[index_of(flow.client)];
  if (said.beyond_limit || (said.broken && inspection.heard[index_of(flow.client)])) {
    judge_.give_up(flow, Moment::of(packet));
  } else if (!flow.facts_are_final() && nothing_more_to_learn(flow)) {
    judge_.finish_facts(flow, Moment::of(packet));
  }
  if (!flow.decided() && packet.direction == flow.client &&
      (is_done(inspection, packet.direction) || speaks_unknown_text(flow))) {
    judge_.block_if_unknown_is_blocked(flow, Moment::of(packet));
  }
  if (!flow.decided() && !heard_before && inspection.heard[index_of(flow.client)] && speaks_unknown_text(flow)) {
    judge_.ask_for_now(flow, Moment::of(packet));
  }
  if (flow.facts != Facts::open || (flow.blocked_for_good() && flow.protocol != Protocol::unknown)) {
    pool_.take_back(flow);
  }
  return segment;
}

void TcpInspector::follow_acknowledgment(Flow& flow, const Packet& packet) {
  const Direction said = opposite(packet.direction);
  Inspection& inspection = *flow.inspection;
  StreamInspection& stream = inspection.streams[index_of(said)];
  if (stream.prefix.skip_lost(packet.tcp_acknowledgment)) {
    reader_.begin_after_loss(stream);
    Sighting sighting;
    while (reader_.next(sighting)) judge_.hear(flow, Moment::of(packet), said, sighting);
    reader_.end();
  }
  const Readings& readings = inspection.readings[index_of(said)];
  const bool all_heard = readings.may_be_heard(packet.tcp_acknowledgment);
  const auto ahead = static_cast<std::int32_t>(packet.tcp_acknowledgment - readings.position());
  const bool long_ago = !readings.empty() && ahead >= kHeardLongAgo;
  const bool spoke = flow.spoke[index_of(packet.direction)];
  if (long_ago || (all_heard && (!packet.payload.empty() || (spoke && !readings.ambiguous())))) {
    take_as_heard(flow, packet);
  }
}

// The other side answers: the bytes up to there can be heard in no other way any more. Where they could be heard in
// several, the stream goes on behind them as the readings say.
void TcpInspector::take_as_heard(Flow& flow, const Packet& packet) {
  const Direction said = opposite(packet.direction);
  Inspection& inspection = *flow.inspection;
  StreamInspection& stream = inspection.streams[index_of(said)];
  Readings& readings = inspection.readings[index_of(said)];
  StreamMode mode = StreamMode::detect;
  for (const Reading& reading : readings.all()) {
    const bool says_nothing =
        reading.mode == StreamMode::detect || (reading.mode == StreamMode::done && mode == StreamMode::upgrade);
    if (!says_nothing && mode != StreamMode::request) mode = reading.mode;
    if (mode == StreamMode::chunked) mode = StreamMode::request;
    if (readings.ambiguous() && !reading.understood) judge_.block_if_unknown_is_blocked(flow, Moment::of(packet));
  }
  const bool in_doubt = readings.ambiguous() || stream.mode == StreamMode::detect || stream.mode == StreamMode::done;
  if (mode != StreamMode::detect && in_doubt && stream.mode != StreamMode::http2) {
    stream.mode = mode;
    stream.in_doubt = 0;
    stream.broken = false;
    stream.prefix.restart(packet.tcp_acknowledgment);
  }
  inspection.heard[index_of(said)] = true;
  inspection.urgent[index_of(said)].clear();
  readings.begin(packet.tcp_acknowledgment);
}

// Reads a segment for what it adds to the stream, and for what it may turn the stream into.
Segment TcpInspector::read_segment(Flow& flow, const Packet& packet) {
  const std::size_t direction = index_of(packet.direction);
  const std::uint32_t begin = payload_sequence(packet);
  Inspection& inspection = *flow.inspection;
  StreamInspection& stream = inspection.streams[direction];
  const bool from_server = flow.client_known && packet.direction != flow.client;
  stream.from_server = from_server;
  const bool repeats = stream.mode == StreamMode::done || stream.prefix.lies_behind(begin);
  if (!from_server) {
    if (!mark_urgent(inspection, packet, begin)) return Segment::withhold;
    if (!inspection.readings[direction].add(begin, packet.payload)) return Segment::withhold;
  }
  if (stream.mode != StreamMode::done) {
    Sighting sighting;
    reader_.begin(stream, begin, packet.payload);
    while (reader_.next(sighting)) {
      judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
      inspection.asked_again = inspection.asked_again || sighting.asks_again;
    }
    reader_.end();
  }
  if (from_server) return Segment::pass;
  const bool in_order = !repeats && !inspection.readings[direction].ambiguous() && inspection.urgent[direction].empty();
  return read_otherwise(flow, packet, in_order);
}

// Each reading that the segment changed is read from its beginning, with its urgent bytes and without.
Segment TcpInspector::read_otherwise(Flow& flow, const Packet& packet, bool in_order) {
  Readings& readings = flow.inspection->readings[index_of(packet.direction)];
  const std::vector<std::uint32_t>& marks = flow.inspection->urgent[index_of(packet.direction)];
  for (Reading& reading : readings.all()) {
    if (!reading.changed) continue;
    flow.inspection->heard[index_of(packet.direction)] = false;
    if (in_order) continue;
    const Bytes told = reading.bytes.first_copy();
    if (!readings.work(told.size() * (marks.empty() ? 1 : 2 + marks.size()))) return Segment::withhold;
    read_telling(flow, packet, reading, told);
    if (marks.empty()) continue;
    std::vector<std::uint8_t> rest;
    for (std::uint32_t i = 0; i < told.size(); ++i) {
      if (std::ranges::find(marks, reading.bytes.position() + i) == marks.end()) rest.push_back(told[i]);
    }
    read_telling(flow, packet, reading, rest);
  }
  return Segment::pass;
}

// As what a connection begins with, or as a second hello; and where a hello is looked for behind what was said so far,
// as that. A fake that died may be all that was said so far.
void TcpInspector::read_telling(Flow& flow, const Packet& packet, Reading& reading, Bytes told) {
  const bool another = flow.inspection->asked_again && packet.direction == flow.client;
  const bool searched = flow.inspection->streams[index_of(packet.direction)].mode == StreamMode::upgrade;
  const bool understood = read_as(another ? StreamMode::greeted : StreamMode::detect, flow, packet, reading, told);
  if (searched && !understood) read_as(StreamMode::upgrade, flow, packet, reading, told);
}

// With its urgent bytes, a reading is read on from where it was, since it only grows; without, it is another one each
// time.
bool TcpInspector::read_as(StreamMode mode, Flow& flow, const Packet& packet, Reading& reading, Bytes told) {
  const bool grows = told.data() == reading.bytes.first_copy().data();
  const bool reads_on = grows && mode != StreamMode::upgrade;
  StreamInspection fresh;
  StreamInspection& stream = reads_on ? reading.read_on : fresh;
  const bool elsewhere = reading.begun_as != mode || reading.begun_at != reading.bytes.position();
  if (!stream.prefix.started() || (reads_on && elsewhere)) {
    stream.clear();
    stream.mode = mode;
    stream.prefix.start(reading.bytes.position());
    if (reads_on) {
      reading.begun_as = mode;
      reading.begun_at = reading.bytes.position();
    }
  }
  if (grows && !reads_on) fresh.search = std::move(reading.search);
  stream.dns_port = has_dns_port(flow);
  const std::size_t done = stream.prefix.position() - reading.bytes.position();
  if (done >= told.size()) return false;
  const Awaited awaited = stream.awaited;
  reader_.begin(stream, stream.prefix.position(), told.subspan(done));
  stream.awaited = awaited;
  Sighting sighting;
  bool understood = false;
  while (reader_.next(sighting)) {
    sighting.complete = false;  // it was counted when it was first told
    reading.understood = understood = true;
    judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
  }
  if (reads_on) stream.prefix.restart(reader_.place().position);
  if (grows && !reads_on) reading.search = std::move(fresh.search);
  if (stream.mode != StreamMode::detect) reading.mode = stream.mode;
  return understood;
}

}  // namespace netscope
