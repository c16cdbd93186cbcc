// How far a flow has come, as reports and events tell it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace netscope {

// The life of a flow. Each flow is in one state; `closed` and `incomplete` are final.
enum class FlowState : std::uint8_t {
  opened,       // packets from one side only, or a TCP handshake under way ("new" in reports)
  established,  // both sides spoke; the application is not known
  classified,   // the application protocol is known
  closed,       // TCP: both FINs or a RST; others: silent for longer than their time-out
  incomplete,   // ended, or given up on, before its data sufficed to tell what it was
};
inline constexpr std::size_t kFlowStateCount = 5;
std::string_view to_string(FlowState state);

}  // namespace netscope
