#include "core/policy/settings/live_section.h"

#include <algorithm>
#include <array>

namespace netscope {
namespace {

constexpr std::array<KnownKey, 9> kLiveKeys{{{"queues"},
                                             {"fanout"},
                                             {"offload"},
                                             {"backend"},
                                             {"hooks"},
                                             {"interfaces"},
                                             {"exclude"},
                                             {"mark_mask"},
                                             {"user"}}};
constexpr std::array<KnownKey, 2> kExcludeKeys{{{"interfaces"}, {"addresses"}}};

template <class T, std::size_t N>
std::optional<T> word_in(const TomlValue& value, std::string_view what, const std::array<T, N>& all,
                         FileErrors& errors) {
  if (!expect_kind(value, TomlValue::Kind::string, errors)) return std::nullopt;
  std::array<std::string_view, N> words;
  for (std::size_t i = 0; i < N; ++i) {
    words[i] = to_string(all[i]);
    if (words[i] == value.text) return all[i];
  }
  errors.add(value, unknown_word(what, value.text, words));
  return std::nullopt;
}

template <class T, std::size_t N>
void read_word(const TomlValue& table, std::string_view key, const std::array<T, N>& all, T& value,
               FileErrors& errors) {
  if (const TomlValue* written = table.find(key)) value = word_in(*written, key, all, errors).value_or(value);
}

// What T::parse says of the string of that key.
template <class T, class Parse>
void read_parsed(const TomlValue& table, std::string_view key, T& value, Parse parse, FileErrors& errors) {
  const TomlValue* written = table.find(key);
  if (written == nullptr || !expect_kind(*written, TomlValue::Kind::string, errors)) return;
  if (auto parsed = parse(written->text)) {
    value = std::move(*parsed);
  } else {
    errors.add(*written, std::move(parsed.error().message));
  }
}

std::vector<std::string> read_interfaces(const TomlValue& table, FileErrors& errors) {
  std::vector<std::string> names;
  for (const TomlValue* name : strings_of(table, "interfaces", errors)) {
    if (is_interface_name(name->text)) {
      names.emplace_back(name->text);
    } else {
      errors.add(*name, in_quotes(name->text) + " is not the name of a network interface");
    }
  }
  return names;
}

void read_exclude(const TomlValue& value, LiveSettings& live, FileErrors& errors) {
  if (!expect_kind(value, TomlValue::Kind::table, errors)) return;
  check_keys(value, "exclude", kExcludeKeys, errors);
  live.excluded_interfaces = read_interfaces(value, errors);
  for (const TomlValue* prefix : strings_of(value, "addresses", errors)) {
    if (auto parsed = IpPrefix::parse(prefix->text)) {
      live.excluded_addresses.push_back(*parsed);
    } else {
      errors.add(*prefix, std::move(parsed.error().message));
    }
  }
}

void read_hooks(const TomlValue& table, LiveSettings& live, FileErrors& errors) {
  const auto written = strings_of(table, "hooks", errors);
  if (written.empty()) return;
  live.hooks.clear();
  for (const TomlValue* word : written) {
    const auto hook = word_in(*word, "hook", kHooks, errors);
    if (!hook) continue;
    if (std::find(live.hooks.begin(), live.hooks.end(), *hook) != live.hooks.end()) {
      errors.add(*word, "hook " + in_quotes(word->text) + " is named twice");
    } else {
      live.hooks.push_back(*hook);
    }
  }
}

}  // namespace

LiveSettings read_live_section(const TomlValue& table, FileErrors& errors) {
  check_keys(table, "[live]", kLiveKeys, errors);
  LiveSettings live;
  read_parsed(table, "queues", live.queues, QueueRange::parse, errors);
  read_word(table, "fanout", kFanouts, live.fanout, errors);
  read_word(table, "offload", kOffloads, live.offload, errors);
  read_word(table, "backend", kBackends, live.backend, errors);
  read_hooks(table, live, errors);
  live.interfaces = read_interfaces(table, errors);
  if (const TomlValue* exclude = table.find("exclude")) read_exclude(*exclude, live, errors);
  read_parsed(table, "mark_mask", live.marks, Marks::parse, errors);
  if (const TomlValue* user = table.find("user");
      user != nullptr && expect_kind(*user, TomlValue::Kind::string, errors)) {
    live.user = user->text;
  }
  return live;
}

}  // namespace netscope
