#include "netscope/output/kernel_view.h"

#include <algorithm>

namespace netscope {

std::uint64_t LatencyHistogram::upper_end(std::size_t bucket) {
  if (bucket < kPerDoubling) return bucket;
  const std::size_t width = bucket / kPerDoubling - 1;
  return ((kPerDoubling + bucket % kPerDoubling + 1) << width) - 1;
}

std::uint64_t LatencyHistogram::count_up_to(std::chrono::nanoseconds limit) const {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < buckets_.size() && upper_end(i) <= static_cast<std::uint64_t>(limit.count()); ++i) {
    all += buckets_[i];
  }
  return all;
}

std::vector<LatencyHistogram::Bucket> LatencyHistogram::buckets() const {
  std::vector<Bucket> out;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] != 0) out.push_back({.end_ns = upper_end(i), .packets = buckets_[i]});
  }
  return out;
}

std::chrono::nanoseconds LatencyHistogram::quantile(double q) const {
  const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(count()));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (buckets_[i] != 0 && seen >= wanted) return std::chrono::nanoseconds(std::min(upper_end(i), max_));
  }
  return max();
}

}  // namespace netscope
