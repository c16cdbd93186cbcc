// The values of one key of a rule.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/policy/conditions/rule_reader.h"

namespace netscope {

// In the order of the file. They are alternatives; a key without any was not written.
template <class T>
class Values {
 public:
  // Reads strings. `parse` makes a Result<T> of each; its error is reported where the value stands.
  template <class Parse>
  void read(const RuleReader& in, std::string_view key, Parse parse) {
    for (const TomlValue* value : strings_of(in.table, key, in.errors)) {
      if (in.errors.full()) return;
      take(in, *value, value->text, parse);
    }
  }
  // Integers are as good as their text.
  template <class Parse>
  void read_with_integers(const RuleReader& in, std::string_view key, Parse parse) {
    for (const TomlValue& value : list_of(in.table, key, in.errors)) {
      const bool is_integer = value.kind == TomlValue::Kind::integer;
      if (!is_integer && !expect_kind(value, TomlValue::Kind::string, in.errors)) continue;
      take(in, value, is_integer ? std::to_string(value.integer) : value.text, parse);
    }
  }
  void add(T value) { values_.push_back(std::move(value)); }

  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  std::span<const T> all() const { return values_; }
  std::vector<T> sorted() const {
    std::vector<T> out = values_;
    std::ranges::sort(out);
    const auto rest = std::ranges::unique(out);
    out.erase(rest.begin(), rest.end());
    return out;
  }

  // Adds "port 443, 8000-8100" where there are values. `text` makes a text of one.
  template <class Text>
  void describe(std::string_view key, std::vector<std::string>& out, Text text) const {
    constexpr std::size_t kShown = 6;
    if (values_.empty()) return;
    std::string& line = out.emplace_back(key);
    for (std::size_t i = 0; i < std::min(values_.size(), kShown); ++i) {
      line += i > 0 ? ", " : " ";
      line += std::invoke(text, values_[i]);
    }
    if (values_.size() > kShown) line += " and " + std::to_string(values_.size() - kShown) + " more";
  }

 private:
  template <class Parse>
  void take(const RuleReader& in, const TomlValue& at, const std::string& text, Parse& parse) {
    Result<T> value = parse(text);
    if (value) {
      values_.push_back(std::move(*value));
    } else {
      in.errors.add(at, std::move(value.error().message));
    }
  }

  std::vector<T> values_;
};

}  // namespace netscope
