#include "core/base/near_miss.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"

namespace netscope {
namespace {

// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other (optimal string
// alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kMaxMisspelt + 1>;
  Row before_last{}, last{}, row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = last;
    last = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = to_lower(a[i - 1]) == to_lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0u : 1u)});
      const bool swapped =
          i > 1 && j > 1 && to_lower(a[i - 1]) == to_lower(b[j - 2]) && to_lower(a[i - 2]) == to_lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

NearMiss::NearMiss(std::string_view misspelt)
    : misspelt_(misspelt), limit_(std::clamp<std::size_t>(misspelt.size() / 3, 1, 3) + 1) {}

void NearMiss::offer(std::string_view known) {
  if (misspelt_.size() > kMaxMisspelt || known.size() > kMaxMisspelt) return;
  const std::size_t apart =
      misspelt_.size() > known.size() ? misspelt_.size() - known.size() : known.size() - misspelt_.size();
  if (apart >= limit_) return;
  const std::size_t distance = edit_distance(misspelt_, known);
  if (distance >= limit_) return;
  limit_ = distance;
  best_ = known;
}

std::string NearMiss::suggestion() const {
  return best_.empty() ? "" : "; did you mean " + in_quotes(best_) + "?";
}

}  // namespace netscope
