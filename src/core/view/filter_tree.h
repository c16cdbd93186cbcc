// A filter as it was understood: a tree of conditions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/policy/conditions/name.h"
#include "core/policy/conditions/protocol.h"
#include "core/regex/regex.h"
#include "netscope/view/filter.h"

namespace netscope {

enum class FilterField : std::uint8_t {
  any,  // a word without a field
  app,
  category,
  domain,
  rule,
  ja4,
  source,  // of a name
  client,
  server,
  ip,  // either end
  port,
  client_port,
  proto,
  state,
  action,
  bytes,
  packets,
  duration,  // seconds
  size,      // of a packet
};

// How a text condition compares; letters' case never counts.
struct TextPattern {
  enum class Kind : std::uint8_t { equal, contains, glob, domain, regex };
  Kind kind = Kind::equal;
  std::string text{};            // lower case
  DomainPattern domain{};        // Kind::domain
  std::optional<Regex> regex{};  // Kind::regex
  bool matches(std::string_view value) const;
};

// From `low` to `high`, both included.
struct NumberRange {
  double low = 0;
  double high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
};

struct FilterCondition {
  FilterField field = FilterField::any;
  std::variant<TextPattern, NumberRange, IpPrefix, ProtocolValue, NameSource, Action, FlowState> value;
};

// Children are positions in FilterTree::nodes.
struct FilterNode {
  enum class Kind : std::uint8_t { all, condition, both, either, negated };
  Kind kind = Kind::all;
  std::uint32_t left = 0, right = 0;  // condition: `left` is its position
};

struct FilterTree {
  std::vector<FilterNode> nodes;
  std::vector<FilterCondition> conditions;
  std::uint32_t root = 0;
};

}  // namespace netscope
