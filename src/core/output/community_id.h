// Community ID 1.0: the same text for a flow in every tool that knows it (github.com/corelight/community-id-spec).
#pragma once

#include <cstdint>
#include <string>

#include "netscope/net/flow_key.h"

namespace netscope {

// Of TCP, UDP and other protocols with ports. The order of the ends does not matter.
std::string community_id(const Endpoint& one, const Endpoint& other, std::uint8_t ip_protocol);

}  // namespace netscope
