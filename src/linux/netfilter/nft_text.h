// The kernel's side as nft reads it.
#pragma once

#include <string>
#include <string_view>

#include "linux/netfilter/table_settings.h"

namespace netscope::netfilter {

inline constexpr std::string_view kTableName = "netscope";

// The table `inet netscope` for nft, commented. Interface names must be such that is_interface_name.
std::string nft_table(const TableSettings& settings);

}  // namespace netscope::netfilter
