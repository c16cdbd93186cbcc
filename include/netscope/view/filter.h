// The filter language of the page and of `--ctl flows`: which flows and packets somebody wants to see.
//
//   app:YouTube and not client:192.168.1.0/24
//   domain:*.example.org or rule:homework
//   proto:tls port:443 bytes>1M blocked
//   ja4:t13d* not source:dns
//   sni:/^ads[0-9]/
//
// Words side by side are joined by "and", which binds tighter than "or". A field takes several values: app:(A or B), or
// app:A,B. A word that is no field is looked for in names, applications, rules and addresses; a
// regular expression that stands alone, in all of these but addresses.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/regex/regex.h"
#include "netscope/net/address.h"
#include "netscope/policy/policy.h"
#include "netscope/view/rows.h"

namespace netscope {

inline constexpr std::size_t kMaxFilterText = 4096;  // bytes
inline constexpr unsigned kMaxFilterDepth = 64;      // of parentheses and "not"

// What is wrong with a filter, and where: bytes [begin, end) of its text.
struct FilterError {
  std::string message;
  std::size_t begin = 0;
  std::size_t end = 0;
};

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
  std::variant<TextPattern, NumberRange, IpPrefix, ProtocolCondition, NameSource, Action, FlowState> value;
};

// One node of the tree; children are positions in Filter::nodes().
struct FilterNode {
  enum class Kind : std::uint8_t { all, condition, both, either, negated };
  Kind kind = Kind::all;
  std::uint32_t left = 0, right = 0;  // condition: `left` is its position
};

class Filter {
 public:
  // Everything.
  Filter() { nodes_.push_back({}); }
  static std::expected<Filter, FilterError> parse(std::string_view text);

  const std::vector<FilterNode>& nodes() const { return nodes_; }
  const std::vector<FilterCondition>& conditions() const { return conditions_; }
  std::uint32_t root() const { return root_; }
  bool selects_everything() const { return nodes_[root_].kind == FilterNode::Kind::all; }
  // Whether packets of one flow may be answered differently. Those that are no plain packets of it always may: of an
  // ICMP error that quotes the flow, the protocol is another.
  bool asks_packets() const;

 private:
  friend class FilterParser;
  std::vector<FilterNode> nodes_;
  std::vector<FilterCondition> conditions_;
  std::uint32_t root_ = 0;
};

// A filter over rows. Answers about texts are remembered, so that a million rows of a thousand names ask a thousand
// times. Rows may be added meanwhile.
class FilterMatcher {
 public:
  // Keeps references to both.
  FilterMatcher(const Filter& filter, const Rows& rows);
  bool matches(const FlowRow& flow);
  bool matches(const PacketRow& packet);

 private:
  enum class Answer : std::uint8_t { unknown, no, yes };

  bool matches(std::uint32_t node, const FlowRow* flow, const PacketRow* packet);
  bool holds(std::uint32_t index, const FlowRow* flow, const PacketRow* packet);
  bool text_holds(std::uint32_t condition, TextId text);
  bool any_text_holds(std::uint32_t condition, const FlowRow& flow);

  const Filter& filter_;
  const Rows& rows_;
  std::vector<std::vector<Answer>> answers_;  // by condition, by TextId
};

// What may stand at `cursor` of an unfinished filter: whole words that begin with what is written there.
struct Completion {
  std::size_t from = 0;  // where the word begins that they replace
  std::vector<std::string> words;
};
inline constexpr std::size_t kMaxCompletions = 12;
Completion complete_filter(std::string_view text, std::size_t cursor, const Rows& rows);

}  // namespace netscope
