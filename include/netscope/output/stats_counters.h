// The counters of the statistics document by their names, in the order in which they are written: one table for the
// writer, the reader and the sum.
#pragma once

#include <array>

#include "netscope/output/stats_document.h"

namespace netscope {

struct StatsCounter {
  const char* name;
  std::uint64_t StatsDocument::* value;
};

namespace stats_counters {

using D = StatsDocument;

inline constexpr std::array kCapture{
    StatsCounter{"kernel_packets", &D::kernel_packets}, StatsCounter{"kernel_drops", &D::kernel_drops},
    StatsCounter{"user_drops", &D::user_drops}, StatsCounter{"events_dropped", &D::events_dropped},
    StatsCounter{"names_dropped", &D::names_dropped}};
inline constexpr std::array kDecoder{StatsCounter{"pkts", &D::packets},    StatsCounter{"bytes", &D::bytes},
                                     StatsCounter{"ipv4", &D::ipv4},       StatsCounter{"ipv6", &D::ipv6},
                                     StatsCounter{"tcp", &D::tcp},         StatsCounter{"udp", &D::udp},
                                     StatsCounter{"icmp", &D::icmp},       StatsCounter{"other", &D::other},
                                     StatsCounter{"invalid", &D::invalid}, StatsCounter{"truncated", &D::cut_off}};
inline constexpr std::array kFlow{StatsCounter{"total", &D::flows},
                                  StatsCounter{"active", &D::flows_active},
                                  StatsCounter{"one_sided", &D::flows_one_sided},
                                  StatsCounter{"new", &D::flows_new},
                                  StatsCounter{"established", &D::flows_established},
                                  StatsCounter{"classified", &D::flows_classified},
                                  StatsCounter{"closed", &D::flows_closed},
                                  StatsCounter{"incomplete", &D::flows_incomplete},
                                  StatsCounter{"tcp", &D::flows_tcp},
                                  StatsCounter{"udp", &D::flows_udp},
                                  StatsCounter{"evicted", &D::flows_evicted},
                                  StatsCounter{"memuse", &D::flow_memory}};
inline constexpr std::array kFirewall{StatsCounter{"accepted", &D::accepted}, StatsCounter{"blocked", &D::blocked},
                                      StatsCounter{"rejected", &D::rejected}, StatsCounter{"offloaded", &D::offloaded}};
inline constexpr std::array kDropReason{
    StatsCounter{"rules", &D::by_rules}, StatsCounter{"default_policy", &D::by_default_policy},
    StatsCounter{"flow_drop", &D::by_flow}, StatsCounter{"overload", &D::by_overload},
    StatsCounter{"unparsed", &D::by_unparsed}};
inline constexpr std::array kAppLayer{StatsCounter{"tls", &D::tls},   StatsCounter{"http", &D::http},
                                      StatsCounter{"dns", &D::dns},   StatsCounter{"quic", &D::quic},
                                      StatsCounter{"sni", &D::names}, StatsCounter{"dns_names", &D::learned_names}};

}  // namespace stats_counters
}  // namespace netscope
