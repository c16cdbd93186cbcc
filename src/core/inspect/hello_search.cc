#include "core/inspect/hello_search.h"

#include <algorithm>

#include "core/inspect/sequence.h"

namespace netscope {

void HelloSearch::go_on(std::uint32_t position, std::size_t size) {
  const auto is_there = [&](std::uint32_t sequence) {
    const std::int64_t ahead = distance(position, sequence);
    return ahead >= 0 && ahead <= static_cast<std::int64_t>(size);
  };
  if (!begun || !is_there(to)) to = position;
  begun = true;
  std::erase_if(beginnings, [&](const Beginning& beginning) { return !is_there(beginning.at); });
}

}  // namespace netscope
