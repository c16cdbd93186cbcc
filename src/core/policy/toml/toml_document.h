// A TOML file as a plain tree in the order of the file. The one place that knows the TOML library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"

namespace netscope {

struct TomlValue {
  enum class Kind : std::uint8_t { string, integer, number, boolean, time, array, table };

  Kind kind = Kind::table;
  std::uint32_t line = 0;  // where the value begins; from 1
  std::uint32_t column = 0;
  std::uint32_t key_line = 0;  // where its key stands, when a table holds it
  std::uint32_t key_column = 0;
  std::int64_t integer = 0;           // of an integer
  std::string text{};                 // of a string
  std::string key{};                  // under which a table holds this value
  std::vector<TomlValue> children{};  // of an array or a table

  // A table's value of that key; null when there is none.
  const TomlValue* find(std::string_view wanted) const;
};

// "a string", "a list", ...: for error messages.
std::string_view kind_name(TomlValue::Kind kind);

// Lists and tables within each other, and the parts of one dotted key; files of ours have a handful. The library
// recurses.
inline constexpr int kMaxTomlNesting = 16;

// The file's root table. `max_bytes` bounds the text. The error has line and column but not the file's name.
Result<TomlValue> parse_toml(std::string_view text, std::size_t max_bytes);

}  // namespace netscope
