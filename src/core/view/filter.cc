// The grammar:
//
//   either    = both { "or" both }
//   both      = term { [ "and" ] term }
//   term      = "not" term | "(" either ")" | condition
//   condition = field operator values | verdict | word
//   values    = value { "," value } | "(" value { "or" value } ")"
//   value     = letters | '"' letters '"' | "/" regular expression "/"
//
// Recursive descent over the text itself; each error knows the bytes that it speaks of.

#include "netscope/view/filter.h"

#include <algorithm>
#include <utility>

#include "core/base/near_miss.h"
#include "core/base/text.h"
#include "core/view/filter_tree.h"
#include "core/view/filter_values.h"
#include "core/view/filter_words.h"

namespace netscope {

namespace {

FilterTree everything() {
  return {.nodes = {{}}, .conditions = {}};
}

}  // namespace

std::optional<FilterField> filter_field_named(std::string_view word) {
  for (const FilterWord& known : kFilterFields) {
    if (known.word == word) return known.field;
  }
  return std::nullopt;
}

class FilterParser {
 public:
  explicit FilterParser(std::string_view text) : text_(text) {}

  std::expected<FilterTree, FilterError> parse() {
    if (text_.size() > kMaxFilterText) return error("a filter has at most 4096 bytes", 0, text_.size());
    skip_blanks();
    if (at_ == text_.size()) return everything();
    const auto root = either();
    if (!root) return std::unexpected(root.error());
    if (at_ < text_.size()) return error("nothing opened this parenthesis", at_, at_ + 1);
    tree_.root = *root;
    return std::move(tree_);
  }

 private:
  using Node = std::expected<std::uint32_t, FilterError>;

  struct Word {
    enum class Kind : std::uint8_t { plain, quoted, regex };
    std::string_view text;
    std::size_t begin = 0;
    Kind kind = Kind::plain;
  };
  using MaybeWord = std::expected<Word, FilterError>;

  static std::unexpected<FilterError> error(std::string message, std::size_t begin, std::size_t end) {
    return std::unexpected(FilterError{std::move(message), begin, end});
  }

  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool sees(char c) const { return at_ < text_.size() && text_[at_] == c; }
  // Whether the word comes next; takes it.
  bool take_word(std::string_view word) {
    if (to_lower(text_.substr(at_, word.size())) != word) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && !ends_filter_value(text_[end])) return false;
    at_ = end;
    skip_blanks();
    return true;
  }
  bool sees_word(std::string_view word) {
    const std::size_t before = at_;
    const bool seen = take_word(word);
    at_ = before;
    return seen;
  }

  std::uint32_t add(FilterNode node) {
    tree_.nodes.push_back(node);
    return static_cast<std::uint32_t>(tree_.nodes.size() - 1);
  }

  Node either() {
    Node left = both();
    while (left && take_word("or")) {
      const Node right = both();
      if (!right) return right;
      left = add({FilterNode::Kind::either, *left, *right});
    }
    return left;
  }

  Node both() {
    Node left = term();
    while (left) {
      const bool joined = take_word("and");
      if (!joined && (at_ == text_.size() || sees(')') || sees_word("or"))) break;
      const Node right = term();
      if (!right) return right;
      left = add({FilterNode::Kind::both, *left, *right});
    }
    return left;
  }

  Node term() {
    if (depth_ == kMaxFilterDepth) return error("too many parentheses within each other", at_, text_.size());
    ++depth_;
    Node out = nested_term();
    --depth_;
    return out;
  }

  Node nested_term() {
    if (take_word("not")) {
      const Node of = term();
      if (!of) return of;
      return add({FilterNode::Kind::negated, *of, 0});
    }
    if (sees('(')) {
      const std::size_t opened = at_++;
      skip_blanks();
      const Node inner = either();
      if (!inner) return inner;
      if (!sees(')')) return error("this parenthesis is never closed", opened, opened + 1);
      ++at_;
      skip_blanks();
      return inner;
    }
    return condition();
  }

  Node condition() {
    if (at_ == text_.size())
      return error("a condition is missing at the end, such as blocked or app:YouTube", at_, at_);
    if (sees_word("and") || sees_word("or")) return error("a condition is missing before this word", at_, at_ + 2);
    if (sees('/')) return bare_word();
    const std::size_t begin = at_;
    std::size_t end = at_;
    while (end < text_.size() && !ends_filter_value(text_[end]) && !begins_filter_operator(text_[end])) ++end;
    const std::string_view name = text_.substr(begin, end - begin);
    const bool has_operator = end < text_.size() && begins_filter_operator(text_[end]) && !name.empty();
    const auto field = filter_field_named(to_lower(name));
    // An IPv6 address has colons too.
    if (!has_operator || (!field && IpPrefix::parse(text_.substr(begin, value_end(begin) - begin)))) return bare_word();
    if (!field) return unknown_field(name, begin);
    at_ = end;
    return field_condition(*field);
  }

  std::size_t value_end(std::size_t from) const {
    while (from < text_.size() && !ends_filter_value(text_[from])) ++from;
    return from;
  }

  static Node unknown_field(std::string_view name, std::size_t begin) {
    NearMiss near(name);
    for (const FilterWord& known : kFilterFields) near.offer(known.word);
    return error("\"" + std::string(name) + "\" is no field" + near.suggestion(), begin, begin + name.size());
  }

  Node bare_word() {
    const MaybeWord word = value();
    if (!word) return std::unexpected(word.error());
    skip_blanks();
    const std::string lower = to_lower(word->text);
    if (word->kind == Word::Kind::plain) {
      if (lower == "blocked") {
        const std::uint32_t accepted = leaf({FilterField::action, Action::accept});
        return add({FilterNode::Kind::negated, accepted, 0});
      }
      if (lower == "accepted" || lower == "forwarded") return leaf({FilterField::action, Action::accept});
      if (lower == "dropped") return leaf({FilterField::action, Action::drop});
      if (lower == "rejected") return leaf({FilterField::action, Action::reject});
    }
    return condition_of(FilterField::any, FilterOperator::is, *word);
  }

  std::uint32_t leaf(FilterCondition condition) {
    tree_.conditions.push_back(std::move(condition));
    return add({FilterNode::Kind::condition, static_cast<std::uint32_t>(tree_.conditions.size() - 1), 0});
  }

  Node condition_of(FilterField field, FilterOperator how, const Word& word) {
    auto condition = word.kind == Word::Kind::regex ? filter_regex_condition(field, how, word.text)
                                                    : filter_condition(field, how, word.text);
    if (!condition)
      return error(condition.error().message, word.begin, word.begin + std::max<std::size_t>(word.text.size(), 1));
    return leaf(std::move(*condition));
  }

  Node field_condition(FilterField field) {
    const std::size_t begin = at_;
    const bool negated = sees('!');
    if (negated) ++at_;
    FilterOperator how = FilterOperator::is;
    if (sees('<') || sees('>')) {
      const bool less = sees('<');
      ++at_;
      const bool or_equal = sees('=');
      if (or_equal) ++at_;
      how = less ? (or_equal ? FilterOperator::at_most : FilterOperator::less)
                 : (or_equal ? FilterOperator::at_least : FilterOperator::more);
    } else if (sees(':') || sees('=')) {
      ++at_;
    } else {
      return error("\"!\" stands before \":\" or \"=\"", begin, at_);
    }
    Node out = values(field, how);
    if (out && negated) out = add({FilterNode::Kind::negated, *out, 0});
    return out;
  }

  Node values(FilterField field, FilterOperator how) {
    skip_blanks();
    const bool grouped = sees('(');
    const std::size_t opened = at_;
    if (grouped) {
      ++at_;
      skip_blanks();
    }
    Node out = one_value(field, how);
    while (out) {
      const bool another = sees(',');
      if (another) ++at_;
      skip_blanks();
      if (!another && !(grouped && !sees(')') && at_ < text_.size())) break;
      if (grouped) take_word("or");
      const Node next = one_value(field, how);
      if (!next) return next;
      out = add({FilterNode::Kind::either, *out, *next});
    }
    if (!out || !grouped) return out;
    if (!sees(')')) return error("this parenthesis is never closed", opened, opened + 1);
    ++at_;
    skip_blanks();
    return out;
  }

  Node one_value(FilterField field, FilterOperator how) {
    const MaybeWord word = value();
    if (!word) return std::unexpected(word.error());
    return condition_of(field, how, *word);
  }

  // Up to a slash that no backslash stands before.
  MaybeWord regex() {
    const std::size_t open = at_++;
    while (at_ < text_.size() && text_[at_] != '/') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return error("this regular expression is never closed: a / ends it, and \\/ is a slash", open, at_);
    }
    const Word word{text_.substr(open + 1, at_ - open - 1), open + 1, Word::Kind::regex};
    const std::size_t end = value_end(++at_);
    if (end > at_) return error("this stands behind the regular expression; letters' case never counts", at_, end);
    return word;
  }

  MaybeWord value() {
    if (sees('/')) return regex();
    if (sees('"')) {
      const std::size_t close = text_.find('"', at_ + 1);
      if (close == std::string_view::npos) return error("this quotation mark is never closed", at_, text_.size());
      const Word word{text_.substr(at_ + 1, close - at_ - 1), at_ + 1, Word::Kind::quoted};
      at_ = close + 1;
      if (word.text.empty()) return error("this value is empty", word.begin - 1, close + 1);
      return word;
    }
    const std::size_t end = value_end(at_);
    if (end == at_) return error("a value is missing here", at_, std::min(at_ + 1, text_.size()));
    const Word word{text_.substr(at_, end - at_), at_};
    at_ = end;
    return word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  FilterTree tree_;
};

Filter::Filter() : Filter(everything()) {}

Filter::Filter(FilterTree tree) : tree_(std::make_shared<const FilterTree>(std::move(tree))) {}

std::expected<Filter, FilterError> Filter::parse(std::string_view text) {
  auto tree = FilterParser(text).parse();
  if (!tree) return std::unexpected(tree.error());
  return Filter(std::move(*tree));
}

bool Filter::selects_everything() const {
  return tree_->nodes[tree_->root].kind == FilterNode::Kind::all;
}

bool Filter::asks_packets() const {
  return std::ranges::any_of(tree_->conditions, [](const FilterCondition& condition) {
    return condition.field == FilterField::size || condition.field == FilterField::action;
  });
}

}  // namespace netscope
