#include "core/flow/flow.h"

namespace netscope {

std::string_view to_string(FlowState state) {
  switch (state) {
    case FlowState::opened: return "new";
    case FlowState::established: return "established";
    case FlowState::classified: return "classified";
    case FlowState::closed: return "closed";
    case FlowState::incomplete: return "incomplete";
  }
  return "new";
}

bool Flow::closed_by_tcp() const {
  if (key.ip_protocol != ip_protocol::tcp) return false;
  const int both = tcp_flags[0] & tcp_flags[1];
  const int either = tcp_flags[0] | tcp_flags[1];
  return (both & tcp_flag::fin) != 0 || (either & tcp_flag::rst) != 0;
}

}  // namespace netscope
