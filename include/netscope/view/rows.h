// The flows and packets that a person looks at: plain rows, numbered as they came. A capture fills them as it is
// analysed; at a gateway they are the flows that its workers tell of.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/time.h"
#include "netscope/engine/event.h"
#include "netscope/engine/packet.h"
#include "netscope/policy/rule_set.h"
#include "netscope/view/texts.h"

namespace netscope {

// The position of a flow in Rows::flows().
using FlowIndex = std::uint32_t;
inline constexpr FlowIndex kNoFlow = 0xffffffff;

struct RowName {
  TextId name = 0;
  Protocol from = Protocol::unknown;
};

// ShownFacts with its texts as ids.
struct ShownRow {
  std::vector<RowName> names;  // in the order of appearance
  TextId alpn = 0, ja4 = 0;
  std::uint32_t quic_version = 0;
  std::uint16_t tls_version = 0;
  bool encrypted = false;
};
ShownRow intern(const ShownFacts& shown, Texts& texts);
ShownFacts spell_out(const ShownRow& shown, const Texts& texts);

struct FlowRow {
  std::uint64_t id = 0;            // as in events
  std::uint64_t first_number = 0;  // the packet that opened it, from 1; 0: not from a capture
  Time start{};
  Time end{};
  Endpoint client;
  Endpoint server;
  std::array<std::uint64_t, 2> packets{};  // to the server, to the client
  std::array<std::uint64_t, 2> bytes{};
  std::uint64_t blocked_packets = 0;
  Decision decision;
  TextId app = 0, category = 0, rule = 0;  // as texts, whatever catalogue and rules they stem from
  ShownRow shown;
  AppId app_id = kNoApp;
  std::uint8_t ip_protocol = 0;
  Protocol protocol = Protocol::unknown;
  Protocol service = Protocol::unknown;
  FlowState state = FlowState::opened;
  Direction client_side = Direction::low_to_high;  // packets of this direction come from the client
  bool decided = false;
  bool timed_out = false;  // it did not close itself

  // The name that the flow was judged by: the last one. 0: it showed none.
  TextId domain() const { return shown.names.empty() ? 0 : shown.names.back().name; }
  std::uint64_t all_packets() const { return packets[0] + packets[1]; }
  std::uint64_t all_bytes() const { return bytes[0] + bytes[1]; }
};

// One record of a capture that holds a packet. Its addresses are those of its flow.
struct PacketRow {
  Time time{};
  std::uint64_t offset = 0;  // of the packet's bytes in its file
  std::uint32_t captured = 0;
  std::uint32_t record_size = 0;  // of the record that holds it
  std::uint32_t lead = 0;         // bytes of the record before the packet's
  std::uint32_t size_on_wire = 0;
  std::uint32_t payload = 0;  // bytes of the transport's
  FlowIndex flow = kNoFlow;
  RuleIndex rule = kDefaultPolicy;
  std::uint16_t file = 0;  // from 0, where several captures were read
  Action action = Action::accept;
  PacketKind kind = PacketKind::not_ip;
  bool decided = false;
  Direction direction = Direction::low_to_high;
  IpVersion version = IpVersion::none;
  std::uint8_t ip_protocol = 0;
  std::uint8_t tcp_flags = 0;
};

// A record that holds no packet but is needed to read what follows.
struct HeaderRow {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  std::uint16_t file = 0;
};

// A packet that said something: the client's hello, a request, a query.
struct Message {
  std::uint64_t number = 0;  // of the packet, from 1
  TextId text = 0;           // for people
};

class Rows {
 public:
  const std::deque<PacketRow>& packets() const { return packets_; }
  const std::deque<FlowRow>& flows() const { return flows_; }
  const std::vector<HeaderRow>& headers() const { return headers_; }
  const Texts& texts() const { return texts_; }
  // What the packet said; empty for most.
  std::string_view message_of(std::uint64_t number) const;

  // --- filling

  FlowIndex open_flow(const Packet& packet);
  // The flow that the packet of this number opened, for a later packet of it.
  FlowIndex opened_by(std::uint64_t number) const { return packets_[number - 1].flow; }
  // Room for packets up to this number.
  void grow_to(std::uint64_t number) { packets_.resize(number); }
  PacketRow& packet(std::uint64_t number) { return packets_[number - 1]; }
  void add_header(const HeaderRow& header) { headers_.push_back(header); }
  FlowRow& flow(FlowIndex index) { return flows_[index]; }
  FlowIndex add_flow();
  void add_message(std::uint64_t number, std::string_view text);
  // Messages may have come out of the order of their packets.
  void sort_messages();
  Texts& texts() { return texts_; }

 private:
  std::deque<PacketRow> packets_;
  std::deque<FlowRow> flows_;
  std::vector<HeaderRow> headers_;
  std::vector<Message> messages_;
  Texts texts_;
};

// Fills a row by a flow's event, which must be of `rules`.
void fill(FlowRow& row, const Event& event, const RuleSet& rules, Texts& texts);
// The same event again.
Event event_of(const FlowRow& row, const Texts& texts);
// An event of a message, for people: "GET example.org/index.html".
std::string message_text(const Event& event);

}  // namespace netscope
