// What is special about flows of datagrams, for the parts of the worker.
#pragma once

#include "core/dpi/dns.h"
#include "core/flow/flow.h"
#include "netscope/dpi/facts.h"

namespace netscope {

inline bool is_dns_family(Protocol protocol) {
  return protocol == Protocol::dns || protocol == Protocol::mdns || protocol == Protocol::llmnr;
}

// Ports on which each datagram is its own question, whatever the first one was.
inline bool is_dns_port(const FlowKey& key) {
  for (const std::uint16_t port : {key.low_port, key.high_port}) {
    if (port == dns::kPort || port == dns::kMulticastPort || port == dns::kLlmnrPort) return true;
  }
  return false;
}

}  // namespace netscope
