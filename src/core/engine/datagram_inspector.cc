#include "core/engine/datagram_inspector.h"

#include <algorithm>
#include <array>

#include "core/dpi/dtls.h"
#include "core/dpi/openings.h"
#include "core/inspect/describe.h"

namespace netscope {
namespace {

// Datagrams after which nothing more is expected of a flow that shows nothing that we know.
constexpr std::uint32_t kDatagramsAreEnough = 32;
constexpr std::uint16_t kHttpsPort = 443;

// Whether nothing known will follow in a flow that has shown nothing so far: both sides have said what they had to. On
// the port of HTTP/3 the server may have answered what it was asked on purpose, ahead of the true Initial.
bool said_enough(const Flow& flow) {
  const std::uint32_t datagrams = flow.packets[0] + flow.packets[1];
  const bool may_be_http3 =
      flow.protocol == Protocol::unknown && flow.key.source(opposite(flow.client)).port == kHttpsPort;
  if (may_be_http3) return datagrams >= kMaxQuicDatagrams;
  return (flow.spoke[0] && flow.spoke[1]) || datagrams >= kDatagramsAreEnough;
}

// NetBIOS names (RFC 1002) travel in messages that look like DNS.
bool is_netbios_port(const FlowKey& key) {
  return key.low_port == 137 || key.high_port == 137 || key.low_port == 138 || key.high_port == 138;
}

// The fragments of a hello as one stream, which begins with the header of its message. Each message stands on its own:
// after a HelloVerifyRequest the hello comes once more, with a cookie and the next number.
void add_fragments(StreamPrefix& hello, const dtls::Fragments& fragments) {
  const dtls::Fragment& first = fragments.list[0];
  const std::uint32_t base = std::uint32_t{first.message} << 20;
  if (!hello.started() || hello.position() != base) hello.restart(base);
  const std::array<std::uint8_t, 4> header{first.type, static_cast<std::uint8_t>(first.length >> 16),
                                           static_cast<std::uint8_t>(first.length >> 8),
                                           static_cast<std::uint8_t>(first.length)};
  hello.add(base, header);
  for (std::size_t i = 0; i < fragments.count; ++i) {
    const dtls::Fragment& fragment = fragments.list[i];
    if (fragment.message == first.message) hello.add(base + 4 + fragment.offset, fragment.data);
  }
}

// What the rules and reports want of it, for where the connection may go.
void remember_hello(const Flow& flow, QuicInspection& quic, const Sighting& sighting) {
  quic.hello =
      std::make_unique<QuicHello>(QuicHello{.name = std::string(sighting.name.view()),
                                            .facts = {.alpn = std::string(sighting.hello.alpn),
                                                      .ja4 = flow.shown == nullptr ? "" : flow.shown->hello.ja4,
                                                      .quic_version = sighting.hello.quic_version,
                                                      .encrypted = sighting.hello.encrypted}});
}

}  // namespace

DatagramInspector::DatagramInspector(FlowJudge& judge, InspectionPool& pool, std::uint64_t seed)
    : judge_(judge), pool_(pool), message_(std::make_unique<dns::Message>()), connection_ids_(seed) {}

bool DatagramInspector::opens_another(const Flow& flow, const Packet& packet) {
  if (!flow.facts_are_final() || flow.blocked()) return false;
  const std::optional<Bytes> id = quic_reader_.opened_connection(packet.payload);
  return id && connection_ids_.number_of(*id) != flow.quic_connection();
}

// Each datagram is whole: what it does not show, no later one adds to it. DNS asks anew with each.
void DatagramInspector::inspect(Flow& flow, const Packet& packet) {
  if (packet.payload.empty()) {
    if (!flow.decided()) judge_.ask(flow, Moment::of(packet));
    return;
  }
  const bool quic_began = flow.inspection != nullptr && flow.inspection->quic != nullptr;
  if ((quic_began || quic_reader_.may_begin(packet.payload)) && try_quic(flow, packet) == Claim::mine) return;
  if (!quic_began && try_moved_quic(flow, packet) == Claim::mine) return;
  if (try_dtls(flow, packet) == Claim::mine) return;
  const Standing before = flow.standing;
  if (before == Standing::this_packet) flow.standing = Standing::undecided;
  if (try_dns(flow, packet) == Claim::not_mine) try_opening(flow, packet, before);
  if (is_dns_family(flow.protocol) || dns::is_port_of(flow.key) || flow.facts_are_final()) return;
  // What only one side has said may be a fake that never arrives: the truth is still to come.
  // Behind STUN, the two that it brought together go on with something else.
  if (!said_enough(flow) ||
      (flow.protocol == Protocol::stun && flow.packets[0] + flow.packets[1] < kDatagramsAreEnough)) {
    return;
  }
  judge_.finish_facts(flow, Moment::of(packet));
  pool_.take_back(flow);
}

DatagramInspector::Claim DatagramInspector::try_dns(Flow& flow, const Packet& packet) {
  const bool may_be_dns = (!flow.facts_are_final() || is_dns_family(flow.protocol) || dns::is_port_of(flow.key)) &&
                          !is_netbios_port(flow.key);
  if (!may_be_dns) return Claim::not_mine;
  const ParseStatus status = dns::parse_message(packet.payload, *message_);
  Sighting sighting;
  if (status == ParseStatus::malformed && (flow.key.low_port == dns::kPort || flow.key.high_port == dns::kPort)) {
    sighting.protocol = Protocol::dns;
    sighting.unreadable = true;
    judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
    return Claim::mine;
  }
  if (status != ParseStatus::ok) return Claim::not_mine;
  for (std::size_t i = 0; i < std::max<std::size_t>(message_->question_count, 1); ++i) {
    describe_question(*message_, i, sighting);
    sighting.protocol = dns::family(flow.key.low_port, flow.key.high_port);
    // On the local link everybody asks and answers, to a group that is neither client nor server.
    if (sighting.protocol != Protocol::dns) sighting.side = Sighting::Side::either;
    judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
  }
  return Claim::mine;
}

// What opens otherwise, and shows no name. A datagram that says nothing is judged as what nobody knows,
// once: `before` is how the flow stood before it.
void DatagramInspector::try_opening(Flow& flow, const Packet& packet, Standing before) {
  const bool looks = flow.protocol == Protocol::unknown && !flow.facts_are_final() && !dns::is_port_of(flow.key);
  const auto opening = looks ? parse_datagram_opening(packet.payload) : Parsed<Opening>(ParseStatus::no_match);
  if (opening.ok()) {
    Sighting sighting;
    sighting.protocol = opening->protocol;
    sighting.side = opening->side == Opening::Side::client   ? Sighting::Side::client
                    : opening->side == Opening::Side::server ? Sighting::Side::server
                                                             : Sighting::Side::either;
    judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
  }
  // What was decided of datagrams that said nothing holds for the next.
  if (!flow.decided() && flow.protocol == Protocol::unknown) flow.standing = before;
  if (flow.decided()) return;
  judge_.ask_as_final(flow, Moment::of(packet));
}

// It is its own where a hello was read in it, or is still to come.
DatagramInspector::Claim DatagramInspector::try_dtls(Flow& flow, const Packet& packet) {
  if (!dtls::may_begin(packet.payload)) return Claim::not_mine;
  const auto fragments = dtls::parse_datagram(packet.payload);
  if (!fragments.ok()) return Claim::not_mine;
  Sighting sighting;
  sighting.protocol = Protocol::dtls;
  const dtls::Fragment& first = fragments->list[0];
  if (first.type != dtls::kClientHello) {
    sighting.side = Sighting::Side::server;
    judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
    return first.type == dtls::kHelloVerifyRequest ? Claim::mine : Claim::not_mine;
  }
  Inspection& inspection = pool_.begin(flow);
  if (inspection.dtls == nullptr) inspection.dtls = std::make_unique<StreamPrefix>();
  StreamPrefix& hello = *inspection.dtls;
  add_fragments(hello, *fragments);
  sighting.side = Sighting::Side::client;
  sighting.complete = false;
  bool complete = false;
  for (const Bytes reading : {hello.last_copy(), hello.first_copy()}) {
    const auto parsed = tls::parse_dtls_client_hello(reading);
    if (!parsed.ok()) continue;
    complete = complete || parsed->complete;
    sighting.name = HostName::from_authority(parsed->server_name);
    sighting.complete = parsed->complete && reading.data() == hello.first_copy().data();
    sighting.hello = {.message = parsed->message,
                      .alpn = parsed->alpn,
                      .tls_version = parsed->version,
                      .encrypted = parsed->encrypted};
    judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
  }
  if (sighting.name.empty() && !complete) judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
  pool_.recount(inspection);
  if (flow.blocked_for_good()) pool_.take_back(flow);
  return Claim::mine;
}

// It is its own where it belongs to a connection whose hello was read, or is still to come.
DatagramInspector::Claim DatagramInspector::try_quic(Flow& flow, const Packet& packet) {
  Inspection& inspection = pool_.begin(flow);
  if (inspection.quic == nullptr) inspection.quic = std::make_unique<QuicInspection>();
  QuicInspection& quic = *inspection.quic;
  const QuicDatagram kind = quic_reader_.begin(quic, packet.payload);
  Sighting sighting;
  while (quic_reader_.next(sighting)) {
    judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
    if (sighting.complete) remember_hello(flow, quic, sighting);
  }
  const bool by_server = packet.direction != flow.client;
  if (by_server && quic.hello != nullptr) {
    connection_ids_.add(flow.key.source(packet.direction), quic_reader_.sender_id(), *quic.hello);
  }
  pool_.recount(inspection);
  if (kind == QuicDatagram::handshake || kind == QuicDatagram::short_header) {
    if (by_server) quic.server_answered = true;
    if (!by_server && quic.server_answered) quic.client_went_on = true;
  }
  const bool proven = quic.negotiated || quic.understood || !quic.connections.empty();
  for (const QuicConnection& connection : quic.connections) {
    if (connection.understood && connection.last_used == quic.datagrams) {
      flow.quic_connection() = connection_ids_.number_of(connection.destination());
    }
  }
  const bool agreed = quic.understood && quic.client_went_on && !quic.hello_is_under_way();
  const bool over = agreed || quic.datagrams == kMaxQuicDatagrams || (!proven && said_enough(flow));
  if (over) {
    if (!quic.understood) flow.state = FlowState::incomplete;
    const bool lost = quic.datagrams == kMaxQuicDatagrams && quic.hello_is_under_way();
    lost ? judge_.give_up(flow, Moment::of(packet)) : judge_.finish_facts(flow, Moment::of(packet));
  }
  if (over || (flow.blocked_for_good() && flow.protocol != Protocol::unknown)) pool_.take_back(flow);
  return proven && !dns::is_port_of(flow.key) ? Claim::mine : Claim::not_mine;
}

// Whether a flow begins with the id of a connection that was another flow before: then it is taken for what that one's
// hello said. It may say more, as any flow: a client that was given an id can open what it likes beside it.
DatagramInspector::Claim DatagramInspector::try_moved_quic(Flow& flow, const Packet& packet) {
  if (connection_ids_.empty() || flow.protocol != Protocol::unknown || packet.direction != flow.client) {
    return Claim::not_mine;
  }
  const QuicHello* const hello = connection_ids_.find(flow.key.source(opposite(flow.client)), packet.payload);
  if (hello == nullptr) return Claim::not_mine;
  Inspection& inspection = pool_.begin(flow);
  inspection.quic = std::make_unique<QuicInspection>();
  inspection.quic->hello = std::make_unique<QuicHello>(*hello);
  inspection.quic->claimed = inspection.quic->understood = true;
  pool_.recount(inspection);
  const HelloFacts& facts = hello->facts;
  judge_.take_over(flow, facts);
  Sighting sighting;
  sighting.protocol = Protocol::quic;
  sighting.side = Sighting::Side::client;
  sighting.name = HostName::from_dns(hello->name);
  sighting.complete = false;  // it was counted where it was said
  sighting.hello = {.alpn = facts.alpn, .quic_version = facts.quic_version, .encrypted = facts.encrypted};
  judge_.hear(flow, Moment::of(packet), packet.direction, sighting);
  return Claim::mine;
}

}  // namespace netscope
