// "Did you mean": the known word that a misspelt one is nearest to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace netscope {

// Letters of a misspelt word; nothing is suggested for longer ones.
inline constexpr std::size_t kMaxMisspelt = 64;

class NearMiss {
 public:
  // Keeps the view.
  explicit NearMiss(std::string_view misspelt);
  // Considers a known word. Letters' case does not count. The first of equally near ones wins.
  void offer(std::string_view known);
  // "; did you mean \"YouTube\"?", or nothing when no word is near.
  std::string suggestion() const;

 private:
  std::string_view misspelt_;
  std::size_t limit_;  // the distance from which on a word is no near miss
  std::string best_;
};

}  // namespace netscope
