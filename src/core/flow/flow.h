// What is remembered of one flow: two lines of the cache for what each packet looks at, a record beside them for the
// rest, and what inspection needs while it goes on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/inspect/quic_connections.h"
#include "core/inspect/readings.h"
#include "core/inspect/stream_inspection.h"
#include "core/inspect/stream_prefix.h"
#include "netscope/base/time.h"
#include "netscope/dpi/protocol.h"
#include "netscope/dpi/shown.h"
#include "netscope/flow/flow_state.h"
#include "netscope/net/flow_key.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/decision.h"

namespace netscope {

struct Flow;

// What is needed only while a flow is inspected; given back as soon as nothing more can come to light.
struct Inspection {
  std::array<StreamInspection, 2> streams;  // by Direction
  // The same bytes, in every way in which the other side may hear them, until it answers.
  std::array<Readings, 2> readings;
  std::array<std::vector<std::uint32_t>, 2> urgent;  // sequence numbers of their urgent bytes, at most kMaxUrgentMarks
  bool asked_again = false;                          // the server wants another hello of TLS
  std::array<bool, 2> heard{};                       // the other side answered what made this direction's stream known
  std::unique_ptr<QuicInspection> quic;              // of datagrams
  std::unique_ptr<StreamPrefix> dtls;                // a hello put together from fragments

  // Kept by InspectionPool.
  std::size_t counted_bytes = 0;  // of memory_bytes(), those that are counted as in use
  Flow* flow = nullptr;           // whose it is
  std::uint32_t share = 0;        // of which client's share
  Inspection* newer = nullptr;    // its neighbours there
  Inspection* older = nullptr;

  std::size_t memory_bytes() const {
    std::size_t size = sizeof(*this);
    for (const StreamInspection& stream : streams) size += stream.memory_bytes();
    for (const Readings& said : readings) size += said.memory_bytes();
    if (quic != nullptr) size += quic->memory_bytes();
    if (dtls != nullptr) size += sizeof(*dtls) + dtls->memory_bytes();
    return size;
  }

  // As it was made, for another flow; a little memory stays, so that most inspections allocate nothing.
  void clear() {
    for (StreamInspection& stream : streams) stream.clear();
    for (Readings& said : readings) said.clear();
    for (std::vector<std::uint32_t>& marks : urgent) marks.clear();
    asked_again = false;
    heard = {};
    quic.reset();
    dtls.reset();
    counted_bytes = 0;
    flow = nullptr;
  }
};

// The lists in which the table keeps flows, in the order in which their memory is given up first.
enum class FlowList : std::uint8_t {
  closed,         // said goodbye; kept a while for stragglers
  judged_brief,   // verdict known; UDP, ICMP and others
  judged_tcp,     // verdict known; TCP
  opening_tcp,    // nothing was said yet, so nothing is lost
  pending_brief,  // still inspected: the rest of what they say cannot be judged without its beginning
  pending_tcp,
  free,  // not in use
};
inline constexpr std::size_t kFlowListCount = 6;  // without `free`
// Whether nobody has judged the flows of the list.
constexpr bool is_pending(FlowList list) {
  return list == FlowList::opening_tcp || list == FlowList::pending_brief || list == FlowList::pending_tcp;
}

// What of a flow is looked at when it begins, is blocked or is told of: kept beside the table, out of the packets' way.
struct FlowRecord {
  Time first_seen;
  std::uint64_t first_number = 0;  // the packet that opened the flow, from 1
  std::uint32_t blocked_packets = 0;
  std::uint8_t rejected_towards_client = 0;   // packets, until the client was told; see Stages
  Direction opener = Direction::low_to_high;  // of the packet that opened the flow
  std::uint16_t way = 0;                      // and which way it took; see engine/sides.h
  LinkAddress sender;                         // and who sent it over its last link
};

// What a flow's rule is before one decided.
inline constexpr RuleIndex kNoRule = 0xfffffffe;

// How long the verdict of a flow holds.
enum class Standing : std::uint8_t {
  undecided,    // no rule has decided yet; packets pass
  this_packet,  // decided, and the next message may change it: questions of DNS, accepted connections of HTTP
  whole_flow,   // decided for every later packet
};

// How far inspection has come. It never goes back.
enum class Facts : std::uint8_t {
  open,
  cut_short,  // it was ended early, since the flow is blocked; other rules take it for final
  given_up,   // it was ended at a limit: what is still unknown may exist
  final,      // what is still unknown does not exist
};

struct Flow {
  FlowKey key;
  Time last_seen;
  std::array<std::uint64_t, 2> bytes{};    // on the wire, by Direction
  std::array<std::uint32_t, 2> packets{};  // by Direction
  std::unique_ptr<Inspection> inspection;  // from the first payload of TCP or QUIC until nothing more can come to light
  std::unique_ptr<ShownFacts> shown;
  std::array<std::uint32_t, 2> start_sequence{};  // TCP: of the first byte behind a SYN, by Direction
  RuleIndex rule = kNoRule;                       // the last that decided; it has counted this flow
  std::uint32_t newer = 0;                        // neighbours in the table's list
  std::uint32_t older = 0;
  std::int32_t listed_second = 0;  // when it was put at the list's end, seconds of the table's clock
  AppId app = kNoApp;
  FlowList list = FlowList::free;
  FlowState state = FlowState::opened;
  Protocol protocol = Protocol::unknown;
  Protocol service = Protocol::unknown;         // what the protocol is used for; unknown: nothing in particular
  Action action = Action::accept;               // of the decision
  Direction client = Direction::low_to_high;    // packets of this direction come from the client
  std::array<bool, 2> spoke{};                  // sent payload, by Direction
  std::array<std::uint8_t, 2> tcp_flags{};      // seen so far, by Direction
  Standing standing : 3 = Standing::undecided;  // of `action` and `rule`
  Facts facts : 2 = Facts::open;
  bool client_known : 1 = false;     // a SYN or a request showed who the client is
  bool named : 1 = false;            // it showed a name
  bool start_confirmed : 1 = false;  // the server's SYN/ACK told where the client's bytes begin
  bool opened_by_syn : 1 = false;    // or by its answer: its beginning was seen
  bool wished_anew : 1 = false;      // it is blocked, and the client asks for another connection on its ports

  // QUIC: the last connection of which a whole hello was read, as a number of ConnectionIds; 0: none.
  std::uint32_t& quic_connection() { return start_sequence[0]; }
  std::uint32_t quic_connection() const { return start_sequence[0]; }
  bool decided() const { return standing != Standing::undecided; }
  bool blocked() const { return decided() && action != Action::accept; }
  bool blocked_for_good() const { return standing == Standing::whole_flow && action != Action::accept; }
  bool facts_are_final() const { return facts == Facts::final; }
  // Whether it could not be judged to its end: no packet of it is accepted for good.
  bool unjudged() const { return facts == Facts::given_up && !decided(); }
  // The rule that stands; kDefaultPolicy while none does.
  RuleIndex deciding_rule() const { return decided() ? rule : kDefaultPolicy; }
  bool closed_by_tcp() const;
};

// Whether the client has begun with what no protocol that we know has, and is read on only for a hello within.
inline bool speaks_unknown_text(const Flow& flow) {
  return flow.protocol == Protocol::unknown && flow.inspection != nullptr &&
         flow.inspection->streams[index_of(flow.client)].mode == StreamMode::upgrade;
}
static_assert(sizeof(Flow) <= 128 && sizeof(FlowRecord) == 32);

}  // namespace netscope
