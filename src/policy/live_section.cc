#include "policy/live_section.h"

#include <array>
#include <charconv>

#include "netscope/net/address.h"

namespace netscope {
namespace {

constexpr std::array<KnownKey, 8> kLiveKeys{
    {{"queues"}, {"fanout"}, {"offload"}, {"backend"}, {"hooks"}, {"exclude"}, {"mark_mask"}, {"user"}}};
constexpr std::array<KnownKey, 2> kExcludeKeys{{{"interfaces"}, {"addresses"}}};
constexpr std::array<std::string_view, 3> kFanouts{"flow", "address", "cpu"};
constexpr std::array<std::string_view, 3> kOffloads{"mark", "flowtable", "off"};
constexpr std::array<std::string_view, 4> kBackends{"auto", "nft", "iptables", "none"};
constexpr std::array<std::string_view, 3> kHooks{"forward", "input", "output"};

void check_word(const TomlValue& value, std::string_view what, std::span<const std::string_view> words,
                FileErrors& errors) {
  if (!expect_kind(value, TomlValue::Kind::string, errors)) return;
  for (const std::string_view word : words) {
    if (word == value.text) return;
  }
  errors.add(value, unknown_word(what, value.text, words));
}

template <class Integer>
bool take_number(std::string_view& text, int base, Integer& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// "0-3" or "2": numbers of NFQUEUE queues.
void check_queues(const TomlValue& value, FileErrors& errors) {
  if (!expect_kind(value, TomlValue::Kind::string, errors)) return;
  std::string_view rest = value.text;
  std::uint16_t first = 0;
  bool good = take_number(rest, 10, first);
  std::uint16_t last = first;
  if (good && rest.starts_with('-')) {
    rest.remove_prefix(1);
    good = take_number(rest, 10, last);
  }
  if (good && rest.empty() && first <= last) return;
  errors.add(value, quoted(value.text) + " is neither a queue of 0 to 65535 nor a range such as \"0-3\"");
}

void check_mark_mask(const TomlValue& value, FileErrors& errors) {
  if (!expect_kind(value, TomlValue::Kind::string, errors)) return;
  std::string_view rest = value.text;
  std::uint32_t mask = 0;
  if (rest.starts_with("0x")) {
    rest.remove_prefix(2);
    if (take_number(rest, 16, mask) && rest.empty() && mask != 0) return;
  }
  errors.add(value, quoted(value.text) + " is not a mask of 32 bits such as \"0xff000000\"");
}

void check_exclude(const TomlValue& value, FileErrors& errors) {
  if (!expect_kind(value, TomlValue::Kind::table, errors)) return;
  check_keys(value, "exclude", kExcludeKeys, errors);
  strings_of(value, "interfaces", errors);
  for (const TomlValue* prefix : strings_of(value, "addresses", errors)) {
    Result<IpPrefix> parsed = IpPrefix::parse(prefix->text);
    if (!parsed) errors.add(*prefix, std::move(parsed.error().message));
  }
}

}  // namespace

void check_live_section(const TomlValue& table, FileErrors& errors) {
  check_keys(table, "[live]", kLiveKeys, errors);
  if (const TomlValue* queues = table.find("queues")) check_queues(*queues, errors);
  if (const TomlValue* fanout = table.find("fanout")) check_word(*fanout, "fanout", kFanouts, errors);
  if (const TomlValue* offload = table.find("offload")) check_word(*offload, "offload", kOffloads, errors);
  if (const TomlValue* backend = table.find("backend")) check_word(*backend, "backend", kBackends, errors);
  for (const TomlValue* hook : strings_of(table, "hooks", errors)) check_word(*hook, "hook", kHooks, errors);
  if (const TomlValue* exclude = table.find("exclude")) check_exclude(*exclude, errors);
  if (const TomlValue* mask = table.find("mark_mask")) check_mark_mask(*mask, errors);
  if (const TomlValue* user = table.find("user")) expect_kind(*user, TomlValue::Kind::string, errors);
}

}  // namespace netscope
