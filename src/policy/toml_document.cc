// The library asserts what some broken files do not keep ("[[(" for one), and handles them well right behind the
// assertion. Without NDEBUG that ends the program; with it, the assertion becomes a promise to the optimizer, which
// then drops the handling. So: no NDEBUG for this header, and assertions that say nothing.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0

#include "policy/toml_document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace netscope {
namespace {

// Finds what is nested too deeply before the library, which recurses for each level, sees it: brackets within each
// other, and dotted keys (each part is a table). It knows as much of TOML as that takes: comments, and where strings
// end. Of a broken file it may see what is not there, but never more than the library would accept.
class NestingCheck {
 public:
  explicit NestingCheck(std::string_view text) : text_(text) {}

  // The line of the first place that is nested too deeply.
  std::optional<std::uint32_t> find() {
    while (at_ < text_.size()) {
      const char byte = text_[at_];
      if (byte == '"' || byte == '\'') {
        skip_string(byte);
        continue;
      }
      if (byte == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      if (!step(byte)) return line_;
      ++at_;
    }
    return std::nullopt;
  }

 private:
  bool step(char byte) {
    switch (byte) {
      case '[':
      case '{':
        ++brackets_;
        dots_ = 0;
        break;
      case ']':
      case '}':
        brackets_ = std::max(0, brackets_ - 1);
        dots_ = 0;
        break;
      case '\n':
        ++line_;
        dots_ = 0;
        break;
      case ',':
      case '=':
        dots_ = 0;
        break;
      case '.':
        ++dots_;
        break;
      default:
        break;
    }
    return brackets_ <= kMaxTomlNesting && dots_ < kMaxTomlNesting;
  }

  void skip_string(char quote) {
    const bool multi_line = text_.substr(at_, 3) == std::string(3, quote);
    at_ += multi_line ? 3 : 1;
    while (at_ < text_.size()) {
      const char byte = text_[at_];
      if (byte == '\n') {
        if (!multi_line) return;
        ++line_;
      }
      if (byte == quote && (!multi_line || text_.substr(at_, 3) == std::string(3, quote))) {
        at_ += multi_line ? 3 : 1;
        return;
      }
      if (byte == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  int brackets_ = 0;
  int dots_ = 0;
};

bool is_before(const TomlValue& a, const TomlValue& b) {
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

TomlValue::Kind kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return TomlValue::Kind::table;
    case toml::node_type::array:
      return TomlValue::Kind::array;
    case toml::node_type::string:
      return TomlValue::Kind::string;
    case toml::node_type::integer:
      return TomlValue::Kind::integer;
    case toml::node_type::boolean:
      return TomlValue::Kind::boolean;
    case toml::node_type::none:
    case toml::node_type::floating_point:
      return TomlValue::Kind::number;
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return TomlValue::Kind::time;
  }
  return TomlValue::Kind::number;
}

TomlValue convert(const toml::node& node) {
  TomlValue value{.kind = kind_of(node), .line = node.source().begin.line, .column = node.source().begin.column};
  if (const auto* text = node.as_string()) value.text = text->get();
  if (const auto* integer = node.as_integer()) value.integer = integer->get();
  if (const toml::array* array = node.as_array()) {
    value.children.reserve(array->size());
    for (const toml::node& child : *array) value.children.push_back(convert(child));
  }
  if (const toml::table* table = node.as_table()) {
    value.children.reserve(table->size());
    for (const auto& [key, child] : *table) {
      TomlValue& added = value.children.emplace_back(convert(child));
      added.key = key.str();
      added.key_line = key.source().begin.line;
      added.key_column = key.source().begin.column;
    }
    // The library sorts by key; what reads the tree, and its errors, follow the file.
    std::sort(value.children.begin(), value.children.end(), is_before);
  }
  return value;
}

}  // namespace

const TomlValue* TomlValue::find(std::string_view wanted) const {
  const auto at =
      std::find_if(children.begin(), children.end(), [&](const TomlValue& child) { return child.key == wanted; });
  return at == children.end() ? nullptr : &*at;
}

std::string_view kind_name(TomlValue::Kind kind) {
  switch (kind) {
    case TomlValue::Kind::string:
      return "a string";
    case TomlValue::Kind::integer:
      return "an integer";
    case TomlValue::Kind::number:
      return "a number";
    case TomlValue::Kind::boolean:
      return "a boolean";
    case TomlValue::Kind::time:
      return "a date or time";
    case TomlValue::Kind::array:
      return "a list";
    case TomlValue::Kind::table:
      return "a table";
  }
  return "a value";
}

Result<TomlValue> parse_toml(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return failure("the file has " + std::to_string(text.size()) + " bytes; at most " + std::to_string(max_bytes) +
                   " are read");
  }
  if (const std::optional<std::uint32_t> line = NestingCheck(text).find()) {
    return std::unexpected(Error{.message = "nested too deeply", .line = *line});
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::source_position where = parsed.error().source().begin;
    return std::unexpected(
        Error{.message = std::string(parsed.error().description()), .line = where.line, .column = where.column});
  }
  return convert(parsed.table());
}

}  // namespace netscope
