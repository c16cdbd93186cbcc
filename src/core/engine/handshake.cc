#include "core/engine/handshake.h"

#include "core/inspect/stream_prefix.h"

namespace netscope {
namespace {

// A SYN opened it, and all that was said since may have come with one: the server has neither agreed nor spoken.
bool is_opening(const Flow& flow) {
  return flow.opened_by_syn && !flow.start_confirmed && !flow.spoke[index_of(opposite(flow.client))];
}

bool nothing_was_said(const Flow& flow) {
  return flow.opened_by_syn && !flow.spoke[0] && !flow.spoke[1];
}

// The server's own number is its choice, and new for each connection (RFC 9293, section 3.4.1). What it acknowledges
// may be bytes that came with the SYN (RFC 7413).
bool repeats_answer(const Flow& flow, const Packet& syn) {
  const std::size_t from = index_of(syn.direction);
  const bool same = flow.start_confirmed ? syn.tcp_sequence + 1 == flow.start_sequence[from] : is_opening(flow);
  return same && syn.tcp_acknowledgment - flow.start_sequence[1 - from] <= kMaxPrefix;
}

}  // namespace

SynRole role_of(const Flow& flow, const Packet& syn) {
  const std::size_t from = index_of(syn.direction);
  if (ended_by_server(flow)) return SynRole::another;
  if (acknowledges(syn)) {
    const bool still_opening = is_opening(flow) && !flow.blocked_for_good();
    return still_opening || nothing_was_said(flow) || repeats_answer(flow, syn) ? SynRole::this_connection
                                                                                : SynRole::another;
  }
  if (is_opening(flow) && (!flow.blocked_for_good() || syn.tcp_sequence + 1 == flow.start_sequence[from])) {
    return SynRole::this_connection;
  }
  // Where only one side is seen, nobody will answer.
  return flow.packets[1 - from] == 0 && !flow.blocked_for_good() ? SynRole::another : SynRole::wish;
}

bool opens_as_well(const Flow& flow, const Packet& syn) {
  const bool client_opened = (flow.tcp_flags[index_of(flow.client)] & tcp_flag::syn) != 0;
  return !acknowledges(syn) && nothing_was_said(flow) && client_opened && syn.direction != flow.client;
}

bool ended_by_server(const Flow& flow) {
  const std::uint8_t server = flow.tcp_flags[index_of(opposite(flow.client))];
  const std::uint8_t client = flow.tcp_flags[index_of(flow.client)];
  return (server & tcp_flag::rst) != 0 ||
         ((server & tcp_flag::fin) != 0 && (client & (tcp_flag::fin | tcp_flag::rst)) != 0);
}

bool reset_counts(const Flow& flow, const Packet& reset) {
  if (reset.direction == flow.client) return true;  // it ends nothing by itself
  const std::size_t server = index_of(reset.direction);
  return !flow.start_confirmed || flow.spoke[server] || reset.tcp_sequence == flow.start_sequence[server];
}

}  // namespace netscope
