// What is remembered of one flow: two lines of the cache for what each packet looks at, a record beside them for the
// rest, and what inspection needs while it goes on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/inspect/quic_connections.h"
#include "core/inspect/readings.h"
#include "core/inspect/stream_inspection.h"
#include "core/inspect/stream_prefix.h"
#include "netscope/base/time.h"
#include "netscope/dpi/facts.h"
#include "netscope/flow/flow_state.h"
#include "netscope/net/flow_key.h"

namespace netscope {

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
  std::size_t counted_bytes = 0;                     // of memory_bytes(), those that its worker counts as in use

  std::size_t memory_bytes() const {
    std::size_t size = sizeof(*this);
    for (const StreamInspection& stream : streams) size += stream.prefix.memory_bytes();
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
  }
};

// Names kept for one flow; more are counted and left.
inline constexpr std::size_t kMaxNamesPerFlow = 256;

// A name in the compared form, and the protocol that showed it: behind a proxy a connection shows several kinds.
// Protocol::unknown: none did, an answer of DNS gave the server's address that name (flow/learned_names.h).
struct SeenName {
  std::string name;
  Protocol protocol = Protocol::unknown;
};

// What a flow said about itself, for reports. Allocated with the first name or fingerprint.
struct FlowNames {
  std::vector<SeenName> names;  // each once, in the order of appearance
  std::string alpn;
  std::string ja4;  // of the first hello
  std::uint16_t tls_version = 0;
  std::uint32_t quic_version = 0;
  bool encrypted_hello = false;
  bool more = false;  // kMaxNamesPerFlow was reached
};

// The lists in which the table keeps flows, in the order in which their memory is given up first.
enum class Queue : std::uint8_t {
  closed,         // said goodbye; kept a while for stragglers
  judged_brief,   // verdict known; UDP, ICMP and others
  judged_tcp,     // verdict known; TCP
  pending_brief,  // still inspected: giving these up may let something pass
  pending_tcp,
  free,  // not in use
};
inline constexpr std::size_t kQueueCount = 5;  // without `free`

// What of a flow is looked at when it begins, is blocked or is told of: kept beside the table, out of the packets' way.
struct FlowRecord {
  Time first_seen;
  std::uint64_t first_number = 0;  // the packet that opened the flow, from 1
  std::uint32_t blocked_packets = 0;
  std::uint8_t rejected_towards_client = 0;  // packets, until the client was told; see Worker::client_would_not_hear
};

struct Flow {
  FlowKey key;
  Time last_seen;
  std::array<std::uint64_t, 2> bytes{};    // on the wire, by Direction
  std::array<std::uint32_t, 2> packets{};  // by Direction
  std::unique_ptr<Inspection> inspection;  // from the first payload of TCP or QUIC until nothing more can come to light
  std::unique_ptr<FlowNames> names;
  std::array<std::uint32_t, 2> start_sequence{};  // of the first byte behind a SYN, by Direction
  std::uint32_t rule = 0;                         // RuleIndex of the decision
  std::uint32_t newer = 0;                        // neighbours in the table's list
  std::uint32_t older = 0;
  std::int32_t queued_second = 0;  // when it was put at the list's end, seconds of the table's clock
  std::uint16_t app = 0;           // AppId
  Queue queue = Queue::free;
  FlowState state = FlowState::opened;
  Protocol protocol = Protocol::unknown;
  Protocol service = Protocol::unknown;       // what the protocol is used for; unknown: nothing in particular
  std::uint8_t action = 0;                    // Action of the decision
  Direction client = Direction::low_to_high;  // packets of this direction come from the client
  std::array<bool, 2> spoke{};                // sent payload, by Direction
  std::array<std::uint8_t, 2> tcp_flags{};    // seen so far, by Direction
  bool decided : 1 = false;                   // `action` and `rule` hold a decision
  bool counted : 1 = false;                   // the rule in `rule` has counted this flow
  bool sticky : 1 = false;                    // the decision holds for every later packet
  bool final : 1 = false;                     // the facts are final
  bool client_known : 1 = false;              // a SYN or a request showed who the client is
  bool named : 1 = false;                     // it showed a name
  bool inspected : 1 = false;                 // inspection is over
  bool start_confirmed : 1 = false;           // the server's SYN/ACK told where the client's bytes begin

  bool closed_by_tcp() const;
};
static_assert(sizeof(Flow) <= 128 && sizeof(FlowRecord) == 24);

}  // namespace netscope
