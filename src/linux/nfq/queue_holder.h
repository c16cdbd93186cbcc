// Who holds a queue that this program wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netscope::nfq {

// The inode of the netfilter socket with this port, from the text of /proc/net/netlink.
std::optional<std::uint32_t> find_socket_inode(std::string_view netlink_table, std::uint32_t port);

// For a person: "process 4711 (suricata)", or as much as /proc tells. For the calling thread's network namespace.
std::string describe_holder(std::uint16_t queue);

}  // namespace netscope::nfq
