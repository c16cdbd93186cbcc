// What a worker reports besides numbers: flows, the names they showed, and what was dropped. The form for people and
// collectors is made elsewhere (output/eve).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netscope/base/time.h"
#include "netscope/dpi/protocol.h"
#include "netscope/dpi/shown.h"
#include "netscope/flow/flow_state.h"
#include "netscope/net/flow_key.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/decision.h"

namespace netscope {

enum class EventKind : std::uint8_t {
  flow,
  message,  // a hello, a request, a question, of `protocol`
  drop,
};

// Fields that a kind does not use are empty.
struct Event {
  EventKind kind = EventKind::flow;
  Time time{};
  std::uint64_t number = 0;   // the packet that caused it; for a flow, the one that opened it
  std::uint64_t flow_id = 0;  // below 2^53; the same in all events of a flow
  Endpoint client;
  Endpoint server;
  std::uint8_t ip_protocol = 0;
  Protocol protocol = Protocol::unknown;
  Protocol service = Protocol::unknown;  // see dpi/protocol.h
  AppId app = kNoApp;
  bool decided = false;
  Decision decision;

  ShownFacts shown;                        // flow: all of it; message: its own; drop: the name that was judged
  std::string method, target, user_agent;  // of requests
  std::uint16_t dns_id = 0, dns_type = 0;  // of questions
  std::uint8_t dns_rcode = 0;
  bool dns_response = false;
  std::uint32_t size = 0;  // drop: of the packet on the wire

  // flow
  FlowState state = FlowState::opened;
  bool timed_out = false;  // or evicted; else it closed itself or the run ended
  Time start{};
  Time end{};
  std::uint64_t packets_to_server = 0, packets_to_client = 0, bytes_to_server = 0, bytes_to_client = 0;
  std::uint64_t blocked_packets = 0;
};

// What a worker records. Counting costs nothing a packet; recording costs memory a flow or a message.
struct Recording {
  bool flows = false;       // an event for each flow that ends
  bool messages = false;    // an event for each message, and for each flow that is blocked
  bool tables = true;       // the heaviest domains, clients and edges, and the timeline
  bool open_flows = false;  // flows count while they are open: see Worker::count_open_flows
  bool packets = false;     // for each packet, its flow and the rule that spoke
  bool names() const { return flows || messages || tables; }
  bool fingerprints() const { return flows || messages; }
};

// Which flow a packet belongs to, and who decided on it.
struct PacketTrace {
  std::uint64_t flow = 0;  // the number of the packet that opened the flow; 0: it belongs to none
  RuleIndex rule = kDefaultPolicy;
  bool decided = false;  // a rule or the default has spoken; else it passed because nothing was known yet
};

}  // namespace netscope
