// Texts that occur often, each kept once.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace netscope {

// 0 is the empty text.
using TextId = std::uint32_t;

class Texts {
 public:
  Texts() { id_of(""); }
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;
  Texts(Texts&&) noexcept = default;  // the texts stay where they lie
  Texts& operator=(Texts&&) noexcept = default;

  TextId id_of(std::string_view text);
  std::string_view operator[](TextId id) const { return texts_[id]; }
  std::size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;  // never moved: the map's keys point into it
  std::unordered_map<std::string_view, TextId> ids_;
};

}  // namespace netscope
