#include "core/policy/toml/toml_reader.h"

#include <algorithm>

namespace netscope {

void FileErrors::add(const TomlValue& at, std::string message) {
  add(std::move(message), at.line, at.column);
}

void FileErrors::add_at_key(const TomlValue& at, std::string message) {
  add(std::move(message), at.key_line, at.key_column);
}

void FileErrors::add(std::string message, std::uint32_t line, std::uint32_t column) {
  if (errors_.size() > kMaxReportedErrors) return;
  if (full()) {
    errors_.push_back(
        {.message = "more errors follow; only the first " + std::to_string(kMaxReportedErrors) + " are reported",
         .file = file_});
    return;
  }
  const auto behind = std::upper_bound(
      errors_.begin(), errors_.end(), std::pair(line, column),
      [](const auto& place, const Error& error) { return place < std::pair(error.line, error.column); });
  errors_.insert(behind, {.message = std::move(message), .file = file_, .line = line, .column = column});
}

bool FileErrors::full() const {
  return errors_.size() >= kMaxReportedErrors;
}

std::string not_supported_yet(std::string_view what) {
  return in_quotes(what) + " is not supported yet; it comes with a later version";
}

void check_keys(const TomlValue& table, std::string_view what, std::span<const KnownKey> known, FileErrors& errors) {
  for (const TomlValue& value : table.children) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const KnownKey& candidate) { return candidate.name == value.key; });
    if (found == known.end()) {
      NearMiss near(value.key);
      for (const KnownKey& candidate : known) near.offer(candidate.name);
      errors.add_at_key(value, "unknown key " + in_quotes(value.key) + " in " + std::string(what) + near.suggestion());
    } else if (found->support == KnownKey::Support::later) {
      errors.add_at_key(value, not_supported_yet(value.key));
    }
    if (errors.full()) return;
  }
}

bool expect_kind(const TomlValue& value, TomlValue::Kind kind, FileErrors& errors) {
  if (value.kind == kind) return true;
  const std::string subject = value.key.empty() ? "an element of this list" : in_quotes(value.key);
  std::string message =
      subject + " must be " + std::string(kind_name(kind)) + ", not " + std::string(kind_name(value.kind));
  if (kind == TomlValue::Kind::array && value.kind == TomlValue::Kind::string) {
    message += "; write [" + in_quotes(value.text) + "]";
  }
  errors.add(value, std::move(message));
  return false;
}

const TomlValue* required_string(const TomlValue& table, std::string_view what, std::string_view key,
                                 FileErrors& errors) {
  const TomlValue* value = table.find(key);
  if (value == nullptr) {
    errors.add(table, "this " + std::string(what) + " has no " + in_quotes(key));
    return nullptr;
  }
  return expect_kind(*value, TomlValue::Kind::string, errors) ? value : nullptr;
}

std::span<const TomlValue> list_of(const TomlValue& table, std::string_view key, FileErrors& errors) {
  const TomlValue* value = table.find(key);
  if (value == nullptr || !expect_kind(*value, TomlValue::Kind::array, errors)) return {};
  if (value->children.empty()) errors.add(*value, in_quotes(key) + " is empty; name a value or remove it");
  return value->children;
}

std::vector<const TomlValue*> strings_of(const TomlValue& table, std::string_view key, FileErrors& errors) {
  std::vector<const TomlValue*> strings;
  for (const TomlValue& value : list_of(table, key, errors)) {
    if (errors.full()) break;
    if (!expect_kind(value, TomlValue::Kind::string, errors)) continue;
    if (value.text.empty()) {
      errors.add(value, in_quotes(key) + " has an empty value");
    } else {
      strings.push_back(&value);
    }
  }
  return strings;
}

std::string unknown_word(std::string_view what, std::string_view written, std::span<const std::string_view> words) {
  NearMiss near(written);
  for (const std::string_view word : words) near.offer(word);
  std::string message = "unknown " + std::string(what) + " " + in_quotes(written);
  if (!near.suggestion().empty()) return message + near.suggestion();
  for (std::size_t i = 0; i < words.size(); ++i) {
    message += (i == 0 ? "; it is " : i + 1 < words.size() ? ", " : " or ") + std::string(words[i]);
  }
  return message;
}

}  // namespace netscope
