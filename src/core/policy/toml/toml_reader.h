// Reading a TOML tree with an error, and where it is, for everything that is not as it should be.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/near_miss.h"
#include "core/base/text.h"
#include "core/policy/toml/toml_document.h"
#include "netscope/base/result.h"

namespace netscope {

// Errors that are reported of one file. One more says that there are others.
inline constexpr std::size_t kMaxReportedErrors = 1000;

// The errors of one file.
class FileErrors {
 public:
  explicit FileErrors(std::string_view file) : file_(file) {}

  void add(const TomlValue& at, std::string message);
  void add_at_key(const TomlValue& at, std::string message);
  // Whether so many were found (kMaxReportedErrors) that there is no use in reading on.
  bool full() const;
  bool empty() const { return errors_.empty(); }
  std::vector<Error> take() { return std::move(errors_); }

 private:
  void add(std::string message, std::uint32_t line, std::uint32_t column);

  std::string file_;
  std::vector<Error> errors_;  // in the order of the file
};

// A key that a table may have. What comes in a later version is refused in other words than what is misspelt.
struct KnownKey {
  std::string_view name;
  enum class Support : bool { now, later } support = Support::now;
};

// "\"schedule\" is not supported yet; it comes with a later version".
std::string not_supported_yet(std::string_view what);

// Reports unknown keys. `what` names the table: "[policy]".
void check_keys(const TomlValue& table, std::string_view what, std::span<const KnownKey> known, FileErrors& errors);

// Whether `value` is of that kind; reports it when it is not.
bool expect_kind(const TomlValue& value, TomlValue::Kind kind, FileErrors& errors);

// The string of that key; null, and an error, when it is missing or something else.
const TomlValue* required_string(const TomlValue& table, std::string_view what, std::string_view key,
                                 FileErrors& errors);

// The elements of the list of that key, of which there must be some; nothing when the key is missing.
std::span<const TomlValue> list_of(const TomlValue& table, std::string_view key, FileErrors& errors);
// Those of them that are strings and not empty; others are reported.
std::vector<const TomlValue*> strings_of(const TomlValue& table, std::string_view key, FileErrors& errors);

template <class T>
using Words = std::initializer_list<std::pair<std::string_view, T>>;

// "unknown action \"dorp\"; did you mean \"drop\"?", or with all the words when none is near.
std::string unknown_word(std::string_view what, std::string_view written, std::span<const std::string_view> words);

// What the word in `value` stands for; an error when it is none of them.
template <class T>
std::optional<T> word_of(const TomlValue& value, std::string_view what, Words<T> words, FileErrors& errors) {
  if (!expect_kind(value, TomlValue::Kind::string, errors)) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto& [name, meaning] : words) {
    if (name == value.text) return meaning;
    names.push_back(name);
  }
  errors.add(value, unknown_word(what, value.text, names));
  return std::nullopt;
}

}  // namespace netscope
