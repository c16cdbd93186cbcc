// Host names as a home network asks for them: some thousand, the first ones far more often than the last ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "random.h"

namespace netscope::bench {

class HostNames {
 public:
  HostNames();
  std::size_t size() const { return names_.size(); }
  const std::string& name(std::size_t rank) const { return names_[rank]; }
  // A rank with a probability of 1 / (rank + 1), scaled.
  std::size_t draw(Random& random) const;

 private:
  std::vector<std::string> names_;
  std::vector<double> cumulative_;
};

}  // namespace netscope::bench
