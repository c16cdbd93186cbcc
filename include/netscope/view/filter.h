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
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

struct FilterTree;

class Filter {
 public:
  // Everything.
  Filter();
  static std::expected<Filter, FilterError> parse(std::string_view text);

  bool selects_everything() const;
  // Whether packets of one flow may be answered differently. Those that are no plain packets of it always may: of an
  // ICMP error that quotes the flow, the protocol is another.
  bool asks_packets() const;

 private:
  friend class FilterMatcher;
  explicit Filter(FilterTree tree);

  std::shared_ptr<const FilterTree> tree_;
};

// A filter over rows. Answers about texts are remembered, so that a million rows of a thousand names ask a thousand
// times. Rows may be added meanwhile.
class FilterMatcher {
 public:
  // Keeps a reference to `rows`.
  FilterMatcher(const Filter& filter, const Rows& rows);
  bool matches(const FlowRow& flow);
  bool matches(const PacketRow& packet);

 private:
  enum class Answer : std::uint8_t { unknown, no, yes };

  bool matches(std::uint32_t node, const FlowRow* flow, const PacketRow* packet);
  bool holds(std::uint32_t index, const FlowRow* flow, const PacketRow* packet);
  bool text_holds(std::uint32_t condition, TextId text);
  bool any_text_holds(std::uint32_t condition, const FlowRow& flow);

  std::shared_ptr<const FilterTree> tree_;
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
