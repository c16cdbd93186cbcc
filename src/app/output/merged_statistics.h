// --merge-stats: statistics documents of several gateways or captures as one.
#pragma once

#include <string>
#include <vector>

#include "netscope/base/result.h"

namespace netscope {

// Files larger than that are no statistics documents.
inline constexpr std::size_t kMaxStatsFile = 16u << 20;

// The sum of the documents in these files as JSON; an error names the file, and the place in it.
Result<std::string> merged_statistics(const std::vector<std::string>& files);

}  // namespace netscope
